/** A service port for people: `shop/web:http`, without the port's name where it has none. */
export function serviceText({
	namespace,
	name,
	portName,
}: {
	namespace: string;
	name: string;
	portName: string;
}): string {
	if (name === "") {
		return "<unknown>";
	}
	return `${namespace}/${name}${portName === "" ? "" : `:${portName}`}`;
}
