import { readdirSync } from "node:fs";
import { Counter, Gauge, type Registry } from "prom-client";

/** The usual five facts of a process; the result copies fresh values into them. */
export function createProcessMetrics(registers: Registry[]): () => void {
	const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
	const cpu = new Counter({
		name: "process_cpu_seconds_total",
		help: "CPU time of the daemon, user and system, in seconds",
		registers,
	});
	const resident = gauge("process_resident_memory_bytes", "Resident memory of the daemon in bytes");
	const heap = gauge("process_heap_bytes", "JavaScript heap in use in bytes");
	const descriptors = gauge("process_open_fds", "Open file descriptors of the daemon");
	gauge("process_start_time_seconds", "When the daemon started, in seconds since the epoch").set(
		Math.round(Date.now() / 1000 - process.uptime()),
	);
	return () => {
		const { user, system } = process.cpuUsage();
		cpu.reset();
		cpu.inc((user + system) / 1e6);
		const { rss, heapUsed } = process.memoryUsage();
		resident.set(rss);
		heap.set(heapUsed);
		descriptors.set(openDescriptors());
	};
}

function openDescriptors(): number {
	try {
		// One of them is the directory that is being read.
		return readdirSync("/proc/self/fd").length - 1;
	} catch {
		return 0;
	}
}
