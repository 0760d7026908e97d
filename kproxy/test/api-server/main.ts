import { parseArgs } from "node:util";
import { generateServices } from "./generate.ts";
import { startTestApiServer } from "./server.ts";

const { values } = parseArgs({
	options: {
		services: { type: "string", default: "10" },
		"endpoints-per": { type: "string", default: "10" },
		host: { type: "string", default: "127.0.0.1" },
		port: { type: "string", default: "0" },
		token: { type: "string", multiple: true },
		tls: { type: "boolean", default: false },
		"no-streaming-list": { type: "boolean", default: false },
	},
});

const server = await startTestApiServer({
	host: values.host,
	port: Number(values.port),
	tls: values.tls,
	streamingList: !values["no-streaming-list"],
	...(values.token === undefined ? {} : { tokens: values.token }),
});
generateServices(server.store, {
	services: Number(values.services),
	endpointsPer: Number(values["endpoints-per"]),
});
// One line of JSON, for the script that started it.
console.log(JSON.stringify({ url: server.url, services: Number(values.services), pid: process.pid }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void server.stop());
