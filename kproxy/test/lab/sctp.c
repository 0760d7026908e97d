// SPDX-License-Identifier: Apache-2.0
/*
 * SCTP servers and clients, which Node has not.
 *
 *   sctp probe                        succeeds where the kernel has SCTP
 *   sctp serve NAME PORT              prints `ready`, then answers each association with `NAME PEER PORT`
 *   sctp dial ADDRESS PORT COUNT      dials one after the other; a line each: the answer, or the error
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define TIMEOUT_S 5

static int fail(const char *what)
{
	fprintf(stderr, "sctp: %s: %s\n", what, strerror(errno));
	return 1;
}

static int serve(const char *name, int port)
{
	struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int listener = socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP);

	if (listener < 0 || bind(listener, (struct sockaddr *)&here, sizeof(here)) || listen(listener, 64))
		return fail("serve");
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct sockaddr_in6 peer;
		socklen_t length = sizeof(peer);
		char address[INET6_ADDRSTRLEN], line[256];
		int one = accept(listener, (struct sockaddr *)&peer, &length);

		if (one < 0)
			return fail("accept");
		inet_ntop(AF_INET6, &peer.sin6_addr, address, sizeof(address));
		snprintf(line, sizeof(line), "%s %s %d", name, address, ntohs(peer.sin6_port));
		if (send(one, line, strlen(line), 0) < 0)
			perror("send");
		close(one);
	}
}

/* One association; `line` gets what it was told, or the error. */
static void dial(const struct sockaddr *to, socklen_t length, char *line, size_t size)
{
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	int one = socket(to->sa_family, SOCK_STREAM, IPPROTO_SCTP);
	ssize_t got = -1;

	setsockopt(one, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (one >= 0 && connect(one, to, length) == 0)
		got = recv(one, line, size - 1, 0);
	if (got >= 0)
		line[got] = 0;
	else
		snprintf(line, size, "error %s", strerrorname_np(errno));
	if (one >= 0)
		close(one);
}

static int dial_all(const char *address, int port, int count)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int is_v4 = inet_pton(AF_INET, address, &v4.sin_addr);
	char line[256];

	if (!is_v4 && !inet_pton(AF_INET6, address, &v6.sin6_addr))
		return fail(address);
	for (int i = 0; i < count; i++) {
		dial(is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, is_v4 ? sizeof(v4) : sizeof(v6),
		     line, sizeof(line));
		puts(line);
		fflush(stdout);
	}
	return 0;
}

int main(int count, char **words)
{
	if (count == 2 && !strcmp(words[1], "probe"))
		return socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP) < 0;
	if (count == 4 && !strcmp(words[1], "serve"))
		return serve(words[2], atoi(words[3]));
	if (count == 5 && !strcmp(words[1], "dial"))
		return dial_all(words[2], atoi(words[3]), atoi(words[4]));
	fprintf(stderr, "usage: sctp probe | serve NAME PORT | dial ADDRESS PORT COUNT\n");
	return 2;
}
