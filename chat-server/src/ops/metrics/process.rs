//! What the system tells of this process.

/// What it uses, as far as the system tells.
#[derive(Debug, Clone, Default)]
pub(super) struct Process {
    /// Bytes of memory.
    pub(super) resident: Option<u64>,
    /// Seconds of processor time, its own and the system's for it.
    pub(super) cpu: Option<f64>,
}

impl Process {
    /// What it uses now.
    pub(super) fn read() -> Self {
        Self {
            resident: resident(),
            cpu: cpu(),
        }
    }
}

/// Bytes in memory; only Linux tells them in a file.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(unix)]
fn cpu() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
}

#[cfg(not(unix))]
fn cpu() -> Option<f64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_both() {
        let process = Process::read();
        assert!(process.resident.is_some_and(|bytes| bytes > 1 << 20));
        assert!(process.cpu.is_some_and(|seconds| seconds > 0.0));
    }
}
