//! The system's figures for the server's process, if it runs on this machine: processor time and
//! memory. Linux only: other systems have no such `/proc`.

use std::io;

/// The process of a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerProcess {
    pid: u32,
}

/// The processor time and the memory of a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// The processor time of all its threads, in the program and in the system, in seconds.
    pub(crate) cpu_seconds: f64,
    /// The resident memory, in bytes.
    pub(crate) resident_bytes: u64,
}

/// The ticks a second of the times in `/proc/PID/stat`; a constant of Linux's interface (proc(5)).
const TICKS: f64 = 100.0;

impl ServerProcess {
    /// Returns the process with this number.
    ///
    /// # Errors
    /// The system's error, if it does not show the process.
    pub(crate) fn new(pid: u32) -> io::Result<Self> {
        // Read once now, so that a wrong number fails before the run and not behind it.
        let process = Self { pid };
        process.usage()?;
        Ok(process)
    }

    /// Returns the resources that the process has used until now.
    ///
    /// # Errors
    /// The system's error: the process may have ended.
    pub(crate) fn usage(self) -> io::Result<Usage> {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", self.pid));
        let cpu_seconds = cpu_seconds(&read("stat")?);
        let resident_bytes = resident_bytes(&read("status")?);
        match (cpu_seconds, resident_bytes) {
            (Some(cpu_seconds), Some(resident_bytes)) => Ok(Usage {
                cpu_seconds,
                resident_bytes,
            }),
            _ => Err(io::Error::other("/proc has another form than expected")),
        }
    }
}

/// Parses fields 14 and 15, counted from the end of the name, which may have spaces and parentheses
/// in it.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS)
}

/// Parses the line `VmRSS:    1234 kB`.
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_writes() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 5 0 1 2 3";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(
            resident_bytes("Name:\tx\nVmRSS:\t    12 kB\n"),
            Some(12 * 1024)
        );
        assert_eq!(cpu_seconds("42 no name"), None);
        assert_eq!(resident_bytes("Name:\tx\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_uses_memory_and_a_missing_one_is_an_error() {
        let this = ServerProcess::new(std::process::id()).unwrap();
        assert!(this.usage().unwrap().resident_bytes > 0);
        assert!(ServerProcess::new(u32::MAX).is_err());
    }
}
