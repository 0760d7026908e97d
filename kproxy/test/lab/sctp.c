// SPDX-License-Identifier: Apache-2.0
/*
 * SCTP servers and clients, which Node has not.
 *
 *   sctp probe            succeeds where the kernel has SCTP
 *   sctp serve NAME PORT ADDRESS
 *                         prints `ready`, then answers each association with `NAME PEER PORT`
 *   sctp dial             dials for each line of its input, `ID FROM ADDRESS PORT MS`, all at once; FROM may
 * be `-`. Prints a line for each: the ID, and the answer, or `error` and its name, or
 *                         `broken` and its name where no dial could be made
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
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "sctp: %s: %s\n", what, strerror(errno));
	return 1;
}

/* An address of either family, with a port; its length, or 0. */
static socklen_t parse(const char *text, int port, struct sockaddr_storage *to)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		return 0;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return sizeof(*v6);
}

/* An association's peer, as `ADDRESS PORT`. */
static void print_peer(const struct sockaddr_storage *peer, char *line, size_t size)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;
	const void *address = peer->ss_family == AF_INET ? (const void *)&v4->sin_addr : &v6->sin6_addr;
	char text[INET6_ADDRSTRLEN];

	inet_ntop(peer->ss_family, address, text, sizeof(text));
	snprintf(line, size, "%s %d", text, ntohs(peer->ss_family == AF_INET ? v4->sin_port : v6->sin6_port));
}

static int serve(const char *name, int port, const char *address)
{
	struct sockaddr_storage here;
	socklen_t length = parse(address, port, &here);
	int listener = socket(here.ss_family, SOCK_STREAM, IPPROTO_SCTP);

	if (listener < 0 || bind(listener, (struct sockaddr *)&here, length) || listen(listener, 64))
		return fail("serve");
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct sockaddr_storage peer;
		char from[128], line[256];
		int one;

		length = sizeof(peer);
		one = accept(listener, (struct sockaddr *)&peer, &length);
		if (one < 0)
			return fail("accept");
		print_peer(&peer, from, sizeof(from));
		snprintf(line, sizeof(line), "%s %s", name, from);
		if (send(one, line, strlen(line), 0) < 0)
			perror("send");
		close(one);
	}
}

/* A socket to dial from, with its time-outs, and its address where that is told; -1 with errno. */
static int open_client(const char *from, int family, int ms)
{
	struct timeval timeout = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	struct sockaddr_storage here;
	int one = socket(family, SOCK_STREAM, IPPROTO_SCTP);

	if (one < 0 || setsockopt(one, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ||
	    setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)))
		return -1;
	if (strcmp(from, "-") && bind(one, (struct sockaddr *)&here, parse(from, 0, &here)))
		return -1;
	return one;
}

/* One association; a line of what it was told, or of why not: `broken` where none was tried. */
static void ask(const char *id, const char *from, const char *address, int port, int ms)
{
	struct sockaddr_storage to;
	socklen_t length = parse(address, port, &to);
	int one = open_client(from, to.ss_family, ms);
	char line[256];
	ssize_t got = -1;

	if (one < 0) {
		dprintf(STDOUT_FILENO, "%s broken %s\n", id, strerrorname_np(errno));
		return;
	}
	if (!connect(one, (struct sockaddr *)&to, length))
		got = recv(one, line, sizeof(line), 0);
	if (got < 0)
		dprintf(STDOUT_FILENO, "%s error %s\n", id, strerrorname_np(errno));
	else
		dprintf(STDOUT_FILENO, "%s %.*s\n", id, (int)got, line);
}

/* Each dial has a process of its own, which prints in one piece. */
static int dial(void)
{
	char id[16], from[64], address[64];
	int port, ms;

	while (scanf("%15s %63s %63s %d %d", id, from, address, &port, &ms) == 5) {
		pid_t child = fork();

		if (child < 0)
			return fail("fork");
		if (child == 0) {
			ask(id, from, address, port, ms);
			_exit(0);
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

int main(int count, char **words)
{
	if (count == 2 && !strcmp(words[1], "probe"))
		return socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP) < 0;
	if (count == 5 && !strcmp(words[1], "serve"))
		return serve(words[2], atoi(words[3]), words[4]);
	if (count == 2 && !strcmp(words[1], "dial"))
		return dial();
	fprintf(stderr, "usage: sctp probe | serve NAME PORT ADDRESS | dial\n");
	return 2;
}
