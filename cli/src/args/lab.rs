//! The options of `lab`.

use clap::Args;
use lab::{SCENES, Seed};

/// The options of `lab`.
#[derive(Debug, Args)]
pub(crate) struct Lab {
    /// Scene to play, or `all`; without one, the scenes are listed
    #[arg(value_name = "SCENE", value_parser = scenes())]
    pub(crate) scene: Option<String>,
    /// Number from which everything is drawn; no outcome hangs on it
    #[arg(long, value_name = "N", default_value_t = Seed(1))]
    pub(crate) seed: Seed,
    /// Choice, in a scene that offers some (flip: the part whose bit is flipped)
    #[arg(long, value_name = "NAME", requires = "scene", value_parser = choices())]
    pub(crate) choice: Option<String>,
    /// Print the scenes, or the outcomes, as JSON: see docs/LAB.md
    #[arg(long)]
    pub(crate) json: bool,
}

/// The word for every scene.
pub(crate) const ALL: &str = "all";

fn scenes() -> clap::builder::PossibleValuesParser {
    let names = SCENES.iter().map(|scene| scene.name);
    clap::builder::PossibleValuesParser::new(names.chain([ALL]))
}

fn choices() -> clap::builder::PossibleValuesParser {
    let names = SCENES
        .iter()
        .flat_map(|scene| scene.choices.iter().copied());
    clap::builder::PossibleValuesParser::new(names)
}
