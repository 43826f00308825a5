//! `secure-chat bench`: parses the load, runs it, and prints the measurements.

use crate::args::{Bench, Level};
use crate::bench::{self, Load, Pace, ServerProcess};
use crate::exit::Failure;
use crate::ui::pipe;

/// Runs the command.
///
/// # Errors
/// [`Failure`] with the code for the problem.
pub(crate) fn run(bench: Bench, level: Level) -> Result<(), Failure> {
    if bench.clients < bench.rooms {
        return Err(Failure::other("there are more rooms than clients"));
    }
    if bench.clients.saturating_sub(bench.stalled) < bench.rooms {
        return Err(Failure::other("a room would have nobody who reads"));
    }
    let process = bench
        .server_pid
        .map(ServerProcess::new)
        .transpose()
        .map_err(|error| Failure::other(format!("cannot look at the server's process: {error}")))?;
    let load = Load {
        address: bench.address,
        version: bench.protocol,
        clients: bench.clients,
        keep: bench.keep,
        stalled: bench.stalled,
        rooms: bench.rooms,
        // A key that no client uses would only take the time to make it.
        keys: bench.keys.min(bench.clients),
        messages: bench.messages,
        bytes: bench.size,
        pace: match bench.rate {
            Some(rate) => Pace::Rate(rate),
            None => Pace::InFlight(bench.in_flight),
        },
        process,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("the system refuses what we need: {error}")))?;
    let report = runtime.block_on(bench::run(&load, |step| {
        if level >= Level::Info {
            pipe::note(step);
        }
    }))?;
    if bench.json {
        super::print(&format!("{}\n", report.json()))
    } else {
        super::print(&report.to_string())
    }
}
