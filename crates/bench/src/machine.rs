//! What the system tells about itself and about a process: read from `/proc`, so that nothing unsafe
//! is needed. Elsewhere than on Linux these figures are absent.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

/// Where it was measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_mb: u64,
    pub(crate) kernel: String,
    /// The device and the file system of the folder that was measured in.
    pub(crate) disk: String,
    /// How many processes wanted a core before the first measurement: what others did meanwhile.
    pub(crate) load: Option<f64>,
}

impl Machine {
    pub(crate) fn of(folder: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let unknown = || "unknown".to_owned();
        let (processors, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
        Self {
            processor: after(&processors, "model name").map_or_else(unknown, str::to_owned),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mb: after(&memory, "MemTotal").and_then(kilobytes).unwrap_or(0) / 1024,
            kernel: format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
            disk: disk(&read("/proc/mounts"), folder).unwrap_or_else(unknown),
            load: load(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, cores, memory_mb, kernel, disk, load } = self;
        write!(f, "{processor}, {cores} cores, {memory_mb} MB, {kernel}, {disk}")?;
        load.map_or(Ok(()), |load| write!(f, "; load {load} before the first measurement"))
    }
}

/// How much processor time a process and its threads have used.
pub(crate) fn processor_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything; what follows its closing bracket are numbers. User and system
    // time are the 14th and the 15th field, in hundredths of a second on every Linux.
    let (_, numbers) = stat.rsplit_once(')')?;
    let ticks: u64 = numbers.split_whitespace().skip(11).take(2).flat_map(str::parse::<u64>).sum();
    Some(Duration::from_millis(ticks * 10))
}

/// How long this thread has had a core so far.
pub(crate) fn thread_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// How long all cores together have been busy so far, with anything.
pub(crate) fn busy_time() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let numbers = stat.lines().next()?.split_whitespace().skip(1).take(8);
    let ticks: Vec<u64> = numbers.flat_map(str::parse).collect();
    // The fourth is idleness and the fifth waiting for a disk; time stolen by the host is busy too.
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    let busy = ticks.iter().sum::<u64>().saturating_sub(idle);
    Some(Duration::from_millis(busy * 10))
}

/// How many processes want a core, on average over the last minute.
pub(crate) fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// How much memory a process has now, and had at most, in megabytes of 1,024 × 1,024 bytes.
pub(crate) fn memory_mb(pid: u32) -> Option<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let megabytes = |name| {
        let kilobytes = after(&status, name).and_then(kilobytes)?;
        Some(crate::sample::number(kilobytes) / 1024.0)
    };
    Some((megabytes("VmRSS")?, megabytes("VmHWM")?))
}

fn after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

fn kilobytes(value: &str) -> Option<u64> {
    value.split_whitespace().next()?.parse().ok()
}

fn disk(mounts: &str, folder: &Path) -> Option<String> {
    let folder = fs::canonicalize(folder).ok()?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (device, place, kind) = (words.next()?, words.next()?, words.next()?);
        folder.starts_with(place).then_some((place.len(), device, kind))
    });
    let (_, device, kind) = mounts.max_by_key(|(length, ..)| *length)?;
    Some(format!("{kind} on {device}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_time_and_memory() {
        let (now_mb, most_mb) = memory_mb(std::process::id()).unwrap();
        assert!(now_mb > 0.5 && now_mb <= most_mb + 1.0, "{now_mb} {most_mb}");
        let before = processor_time(std::process::id()).unwrap();
        let began = tokio::time::Instant::now();
        while began.elapsed() < Duration::from_millis(120) {
            std::hint::spin_loop();
        }
        assert!(processor_time(std::process::id()).unwrap() > before);
        assert_eq!(processor_time(u32::MAX), None);
    }

    #[test]
    fn the_deepest_mount_is_the_folders() {
        let mounts = "overlay / overlay rw 0 0\n/dev/a /proc ext4 rw 0 0\n";
        assert_eq!(disk(mounts, Path::new("/proc/self")).unwrap(), "ext4 on /dev/a");
    }
}
