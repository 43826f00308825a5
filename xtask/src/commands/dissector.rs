//! `cargo xtask dissector`: writes `docs/secure-chat.lua` from the fields of the protocol's codec. A
//! test of `shared` checks that it is current.

use std::process::{ExitCode, Stdio};

use crate::failure::{Failure, Result};
use crate::tools::Toolbox;

const PATH: &str = "docs/secure-chat.lua";

pub(crate) fn main(tools: &mut Toolbox, args: &[String]) -> Result<ExitCode> {
    if !args.is_empty() {
        return Err(Failure::new("usage: cargo xtask dissector"));
    }
    // A program of its own, because this one has no dependency on the protocol: everybody would wait
    // for it.
    let arguments = ["run", "--package", "shared", "--features", "observe"];
    let mut command = tools.cargo(&arguments);
    command.args(["--example", "dissector"]);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(Failure::because("start cargo"))?;
    if !output.status.success() {
        return Err(Failure::new("the dissector was not made"));
    }
    let path = tools.root().join(PATH);
    std::fs::write(&path, output.stdout)
        .map_err(Failure::because(format_args!("write {}", path.display())))?;
    println!("--- wrote {PATH}");
    Ok(ExitCode::SUCCESS)
}
