// SPDX-License-Identifier: Apache-2.0
/*
 * Dials frontends at random, over UDP, and says how long that took: connect-client FRONTENDS.
 * Reads lines `again COUNT` (one socket connects again and again) and `new COUNT` (each socket connects
 * once), and answers each with the nanoseconds that all its connects took together; making and closing
 * sockets is not counted.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FIRST_FRONTEND 0x0a800000 /* 10.128.0.0 */
#define DRAWS (1 << 18)
/* Few enough to stay in a core's cache, many enough that reading the clock does not count. */
#define BATCH 128

static struct sockaddr_in dialled = {.sin_family = AF_INET};
static uint32_t draws[DRAWS];
static uint32_t drawn;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The same frontends in the same order in each run. */
static void draw(uint32_t frontends)
{
	uint64_t state = 1;

	for (int i = 0; i < DRAWS; i++) {
		state = state * 6364136223846793005 + 1442695040888963407;
		draws[i] = htonl(FIRST_FRONTEND + (uint32_t)((state >> 32) * frontends >> 32));
	}
}

static void dial(int fd)
{
	dialled.sin_addr.s_addr = draws[drawn++ % DRAWS];
	if (connect(fd, (struct sockaddr *)&dialled, sizeof(dialled)))
		die("connect");
}

static int new_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static uint64_t dial_again(int fd, int count)
{
	uint64_t start = now();

	while (count--)
		dial(fd);
	return now() - start;
}

static uint64_t dial_new(int count)
{
	uint64_t took = 0;
	int fds[BATCH];

	for (; count > 0; count -= BATCH) {
		uint64_t start;

		for (int i = 0; i < BATCH; i++)
			fds[i] = new_socket();
		start = now();
		for (int i = 0; i < BATCH; i++)
			dial(fds[i]);
		took += now() - start;
		for (int i = 0; i < BATCH; i++)
			close(fds[i]);
	}
	return took;
}

/* On the last CPU there is, and always on that one: caches are a good part of what is measured. */
static void stay_on_one_cpu(void)
{
	cpu_set_t allowed, one;
	int last = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		die("sched_getaffinity");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			last = cpu;
	CPU_ZERO(&one);
	CPU_SET(last, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		die("sched_setaffinity");
}

int main(int argc, char **argv)
{
	int fd = new_socket(), count;
	char mode[8];

	if (argc != 2) {
		fprintf(stderr, "usage: connect-client FRONTENDS\n");
		return 2;
	}
	dialled.sin_port = htons(80);
	draw(atoi(argv[1]));
	stay_on_one_cpu();
	while (scanf("%7s %d", mode, &count) == 2) {
		printf("%llu\n",
		       (unsigned long long)(strcmp(mode, "new") ? dial_again(fd, count) : dial_new(count)));
		fflush(stdout);
	}
	return 0;
}
