#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile __be16 blocked_port;

SEC("cgroup/connect4")
int guard(struct bpf_sock_addr *ctx)
{
	return ctx->user_port != blocked_port;
}
