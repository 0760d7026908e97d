// SPDX-License-Identifier: Apache-2.0
/*
 * What Node's sockets cannot do: connects again, disconnects, sends with an address on a connected socket.
 * Takes steps as arguments, in order, and prints one line for each that has a result. Addresses are
 * `A.B.C.D:PORT` or `[A::B]:PORT`.
 *
 *   tcp4 tcp6 udp4 udp6 ping4   makes a socket, which the next steps are about
 *   only6                       IPV6_V6ONLY on the current one
 *   use=N                       goes back to the Nth socket made
 *   bind=ADDRESS                bind ok, or bind ERRNO
 *   connect=ADDRESS             connect ok, or connect ERRNO
 *   disconnect                  connect() with AF_UNSPEC
 *   collide=ADDRESS             makes sockets until one's cookie shares its low 17 bits with the current one's,
 *                               and connects that; the current one stays current
 *   peer                        peer ADDRESS, as getpeername() says
 *   send, sendto=ADDRESS        nothing, or send ERRNO
 *   recv                        recv TEXT from ADDRESS, or recv ERRNO
 *   repeat=N                    runs the steps after it N times
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int sockets[64];
static int socket_count;
static int current;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static socklen_t parse(char *text, union address *address)
{
	char *colon = strrchr(text, ':');

	memset(address, 0, sizeof(*address));
	*colon = 0;
	if (text[0] == '[') {
		colon[-1] = 0;
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons(atoi(colon + 1));
		if (inet_pton(AF_INET6, text + 1, &address->v6.sin6_addr) != 1)
			die(text);
		colon[-1] = ']';
	} else {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(atoi(colon + 1));
		if (inet_pton(AF_INET, text, &address->v4.sin_addr) != 1)
			die(text);
	}
	*colon = ':';
	return text[0] == '[' ? sizeof(address->v6) : sizeof(address->v4);
}

static const char *format(const union address *address)
{
	static char text[INET6_ADDRSTRLEN + 10];
	char host[INET6_ADDRSTRLEN];

	if (address->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
		snprintf(text, sizeof(text), "[%s]:%d", host, ntohs(address->v6.sin6_port));
	} else {
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
		snprintf(text, sizeof(text), "%s:%d", host, ntohs(address->v4.sin_port));
	}
	return text;
}

static int open_socket(const char *kind)
{
	int family = kind[strlen(kind) - 1] == '6' ? AF_INET6 : AF_INET;
	struct timeval timeout = {.tv_usec = 300000};
	int type = strncmp(kind, "tcp", 3) ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(family, type, strncmp(kind, "ping", 4) ? 0 : IPPROTO_ICMP);

	if (fd < 0)
		die(kind);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	return fd;
}

static void connect_to(int fd, char *where)
{
	union address address;
	socklen_t length = parse(where, &address);

	if (connect(fd, &address.any, length))
		printf("connect %s\n", strerrorname_np(errno));
	else
		printf("connect ok\n");
}

static void bind_to(char *where)
{
	union address address;
	socklen_t length = parse(where, &address);

	if (bind(current, &address.any, length))
		printf("bind %s\n", strerrorname_np(errno));
	else
		printf("bind ok\n");
}

static void only_ipv6(void)
{
	int on = 1;

	if (setsockopt(current, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
		die("IPV6_V6ONLY");
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie;
	socklen_t length = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length))
		die("SO_COOKIE");
	return cookie;
}

static void collide(char *where)
{
	uint64_t wanted = cookie_of(current) & 0x1ffff;

	for (;;) {
		int fd = open_socket(where[0] == '[' ? "udp6" : "udp4");

		if ((cookie_of(fd) & 0x1ffff) == wanted) {
			sockets[socket_count++] = fd;
			connect_to(fd, where);
			return;
		}
		close(fd);
	}
}

static void show_peer(void)
{
	union address address;
	socklen_t length = sizeof(address);

	if (getpeername(current, &address.any, &length))
		printf("peer %s\n", strerrorname_np(errno));
	else
		printf("peer %s\n", format(&address));
}

static void send_to(char *where)
{
	union address address;
	socklen_t length = where ? parse(where, &address) : 0;

	if (sendto(current, "who", 3, 0, where ? &address.any : NULL, length) < 0)
		printf("send %s\n", strerrorname_np(errno));
}

static void receive(void)
{
	union address address;
	socklen_t length = sizeof(address);
	char text[256];
	ssize_t size = recvfrom(current, text, sizeof(text) - 1, 0, &address.any, &length);

	if (size < 0) {
		printf("recv %s\n", errno == EAGAIN ? "EAGAIN" : strerrorname_np(errno));
		return;
	}
	text[size] = 0;
	text[strcspn(text, " \n")] = 0;
	printf("recv %s from %s\n", text, format(&address));
}

static void run(char *step)
{
	char *value = strchr(step, '=') ? strchr(step, '=') + 1 : NULL;
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	if (!strncmp(step, "use=", 4))
		current = sockets[atoi(value)];
	else if (!strcmp(step, "only6"))
		only_ipv6();
	else if (!strncmp(step, "bind=", 5))
		bind_to(value);
	else if (!strncmp(step, "connect=", 8))
		connect_to(current, value);
	else if (!strncmp(step, "collide=", 8))
		collide(value);
	else if (!strcmp(step, "disconnect"))
		printf("disconnect %s\n",
		       connect(current, &none, sizeof(none)) ? strerrorname_np(errno) : "ok");
	else if (!strcmp(step, "peer"))
		show_peer();
	else if (!strcmp(step, "send") || !strncmp(step, "sendto=", 7))
		send_to(value);
	else if (!strcmp(step, "recv"))
		receive();
	else
		current = sockets[socket_count++] = open_socket(step);
}

int main(int argc, char **argv)
{
	int repeat = 1;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "repeat=", 7)) {
			run(argv[i]);
			continue;
		}
		repeat = atoi(argv[i] + 7);
		for (int round = 0; round < repeat; round++)
			for (int j = i + 1; j < argc; j++)
				run(argv[j]);
		break;
	}
	return 0;
}
