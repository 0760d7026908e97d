// SPDX-License-Identifier: Apache-2.0
/*
 * What Node has no sockets for: frames as they pass a device of this network namespace.
 *
 * capture DEVICE: prints `ready`, then a line for each frame. That has nanoseconds on the monotonic clock,
 * `in` or `out`, `partial` where the device is yet to fill in the checksum or else `whole`, and the frame in
 * hex. Ends once stdin does, with all that came before.
 *
 * inject DEVICE: sends each line of stdin, a frame in hex; prints `ok` or what failed for each.
 *
 * offload DEVICE on|off: whether the device fills in checksums, or the kernel does it before.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FRAME (1 << 17)
#define VLAN_TAG_SIZE 4

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int open_device(const char *device, uint16_t protocol)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = if_nametoindex(device),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0)
		die("socket");
	if (!address.sll_ifindex || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die(device);
	return fd;
}

/* The kernel keeps a VLAN tag beside the frame: back to where it was on the wire. */
static size_t restore_tag(uint8_t *frame, size_t size, const struct tpacket_auxdata *aux)
{
	uint16_t tag[2];

	if (!(aux->tp_status & TP_STATUS_VLAN_VALID) || size < 2 * ETH_ALEN)
		return size;
	tag[0] = htons(aux->tp_status & TP_STATUS_VLAN_TPID_VALID ? aux->tp_vlan_tpid : ETHERTYPE_VLAN);
	tag[1] = htons(aux->tp_vlan_tci);
	memmove(frame + 2 * ETH_ALEN + VLAN_TAG_SIZE, frame + 2 * ETH_ALEN, size - 2 * ETH_ALEN);
	memcpy(frame + 2 * ETH_ALEN, tag, VLAN_TAG_SIZE);
	return size + VLAN_TAG_SIZE;
}

static void print_frame(const uint8_t *frame, size_t size, int outgoing, int partial)
{
	static const char digits[] = "0123456789abcdef";
	static char hex[2 * (MAX_FRAME + VLAN_TAG_SIZE) + 1];
	struct timespec now;

	for (size_t at = 0; at < size; at++) {
		hex[2 * at] = digits[frame[at] >> 4];
		hex[2 * at + 1] = digits[frame[at] & 15];
	}
	hex[2 * size] = 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("%lld%09ld %s %s %s\n", (long long)now.tv_sec, now.tv_nsec, outgoing ? "out" : "in",
	       partial ? "partial" : "whole", hex);
}

/* 0 once nothing more waits. */
static int read_frame(int fd)
{
	static uint8_t frame[MAX_FRAME + VLAN_TAG_SIZE];
	union {
		char space[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
		struct cmsghdr align;
	} control;
	struct sockaddr_ll from;
	struct iovec part = {frame, MAX_FRAME};
	struct msghdr message = {.msg_name = &from,
				 .msg_namelen = sizeof(from),
				 .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	struct tpacket_auxdata aux = {};
	ssize_t size = recvmsg(fd, &message, MSG_DONTWAIT);
	struct cmsghdr *header;

	if (size < 0) {
		if (errno == EAGAIN)
			return 0;
		/* The device went down, which is no end of the capture. */
		return errno == ENETDOWN ? 0 : (die("recvmsg"), 0);
	}
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_PACKET && header->cmsg_type == PACKET_AUXDATA)
		memcpy(&aux, CMSG_DATA(header), sizeof(aux));
	print_frame(frame, restore_tag(frame, size, &aux), from.sll_pkttype == PACKET_OUTGOING,
		    !!(aux.tp_status & TP_STATUS_CSUMNOTREADY));
	return 1;
}

static int capture(const char *device)
{
	int fd = open_device(device, ETH_P_ALL), on = 1, room = 64 << 20;
	struct pollfd watched[] = {{fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};

	if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)))
		die("PACKET_AUXDATA");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		die("SO_RCVBUFFORCE");
	puts("ready");
	fflush(stdout);
	while (!watched[1].revents) {
		if (poll(watched, 2, -1) < 0)
			die("poll");
		while (read_frame(fd))
			;
		fflush(stdout);
	}
	return 0;
}

static size_t parse_hex(const char *text, uint8_t *frame)
{
	size_t size = 0;
	unsigned int byte;

	while (size < MAX_FRAME && sscanf(text + 2 * size, "%2x", &byte) == 1)
		frame[size++] = byte;
	return size;
}

static int inject(const char *device)
{
	static char line[2 * MAX_FRAME + 2];
	static uint8_t frame[MAX_FRAME];
	/* Protocol 0: this socket gets nothing itself. */
	int fd = open_device(device, 0);

	while (fgets(line, sizeof(line), stdin)) {
		size_t size = parse_hex(line, frame);

		puts(send(fd, frame, size, 0) < 0 ? strerror(errno) : "ok");
		fflush(stdout);
	}
	return 0;
}

static int offload(const char *device, int on)
{
	struct ethtool_value value = {ETHTOOL_STXCSUM, on};
	struct ifreq request = {.ifr_data = (char *)&value};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strncpy(request.ifr_name, device, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		die(device);
	return 0;
}

int main(int count, char **words)
{
	if (count == 3 && !strcmp(words[1], "capture"))
		return capture(words[2]);
	if (count == 3 && !strcmp(words[1], "inject"))
		return inject(words[2]);
	if (count == 4 && !strcmp(words[1], "offload"))
		return offload(words[2], !strcmp(words[3], "on"));
	fprintf(stderr, "packets capture|inject DEVICE, or packets offload DEVICE on|off\n");
	return 2;
}
