/** How to reach an API server and who to be there. */
export interface Connection {
	/** `https://host:port`, with a path where the server lives below one; no slash at the end. */
	server: string;
	tls: TlsMaterial;
	/** Value of the `authorization` header. */
	authorization: string | undefined;
	/** HTTP proxy to go through. */
	proxy: string | undefined;
}

/** PEM texts and settings for TLS. */
export interface TlsMaterial {
	ca: string | undefined;
	cert: string | undefined;
	key: string | undefined;
	/** Name that the server's certificate must have, where it is not the host's. */
	serverName: string | undefined;
	/** Accept any certificate. */
	insecure: boolean;
}

/** Reads a connection from where it is configured. */
export interface ConnectionReader {
	/** For messages, as in `kubeconfig /etc/kubernetes/kproxy.conf`. */
	readonly name: string;
	/** Reads files anew; `rejected` says that the server refused the last credentials, so cached ones are of no use. */
	read(rejected: boolean): Promise<Connection>;
}
