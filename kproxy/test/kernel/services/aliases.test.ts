/** One backend behind several addresses, dialled from one client port: at the backend the flows look the same. */
import test from "ava";
import { sweepLabs } from "../../lab/lab.ts";
import { createStage, PORT, type ServiceNumbers, type Stage, WAYS } from "./stage.ts";

const ROUNDS = 10;
/** Outside the range that the kernel gives to sockets, so that no other dial has them. */
const FIRST_PORT = 20_000;

const INGRESS_IP = { IPv4: "203.0.113.1", IPv6: "2001:db8:f::1" };

let stage: Stage;
let web: ServiceNumbers;

test.before(async () => {
	sweepLabs();
	stage = await createStage("aliases");
	web = await stage.set({
		name: "web",
		number: 1,
		type: "LoadBalancer",
		ingressIPs: Object.values(INGRESS_IP),
		endpoints: [stage.backends.a1],
	});
	for (const address of Object.values(INGRESS_IP)) stage.cluster.route(address, stage.node1);
});

test.after.always(() => stage?.close());

for (const { protocol, family } of WAYS) {
	test.serial(
		`a client port serves for each address of a Service in turn: ${protocol} over ${family}`,
		async (t) => {
			for (const from of [stage.sandboxed, stage.client]) {
				for (let round = 0; round < ROUNDS; round++) {
					const localPort = FIRST_PORT + round;
					for (const [address, port] of [
						[stage.node1[family], web.nodePort],
						[INGRESS_IP[family], PORT],
					] as const) {
						const dial = await from.dial({ protocol, address, port, localPort });
						t.is(dial.error, undefined, `${from.name}, port ${localPort} to ${address}`);
						t.is(dial.answer, "a1");
					}
				}
			}
		},
	);
}
