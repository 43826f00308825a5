//! The task `health`.

use std::time::Duration;

use secure_chat_server::config::{Config, HealthTask};
use secure_chat_server::health_probe::HealthProbe;

use super::{TaskFailure, print};

/// Asks the server with this configuration whether it works, and prints where it has said so.
pub(crate) fn health(config: &Config, task: &HealthTask) -> Result<(), TaskFailure> {
    let probe = HealthProbe::new(&config.network).map_err(TaskFailure::Unhealthy)?;
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(TaskFailure::Runtime)?;
    let asked = runtime.block_on(probe.ask(Duration::from_secs(task.timeout)));
    asked.map_err(TaskFailure::Unhealthy)?;
    print(&format!("{} answers: ok\n", probe.endpoint()))
}
