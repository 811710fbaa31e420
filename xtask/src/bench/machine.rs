//! What the figures were measured on, in words.

use std::thread::available_parallelism;

use serde_json::Value;

/// Processor, cores, memory, kernel, and the disk that the load found.
pub(super) fn describe(disk: Option<&Value>) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = available_parallelism().map_or(1, usize::from);
    let processor = field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory = field(&read("/proc/meminfo"), "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .map_or_else(|| "memory unknown".to_owned(), |kib| format!("{} GiB of memory", kib.div_ceil(1024 * 1024)));
    let kernel = read("/proc/sys/kernel/osrelease");
    let kernel = if kernel.is_empty() { std::env::consts::OS.to_owned() } else { format!("Linux {}", kernel.trim()) };
    let disk = disk.and_then(Value::as_str).unwrap_or("disk not looked at");
    format!("{processor}, {cores} cores, {memory}; {kernel}; {disk}")
}

fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| Some(line.strip_prefix(name)?.split_once(':')?.1.trim().to_owned()))
}
