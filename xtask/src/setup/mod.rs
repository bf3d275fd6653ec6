//! `cargo xtask setup`: provides what the other commands need, each thing once, side by side.
//!
//! Here is the list of things; how each is had is in the modules below. A thing that is not essential and cannot be
//! had leaves its reason behind ([`reason`]), and whatever needs it is skipped with those words.

pub mod apt;
pub mod browsers;
pub mod cargo_tools;
pub mod debian13;
pub mod debian_rust;
pub mod hivemq;
pub mod node;
pub mod rumqttd;
pub mod wasm_target;

use std::fs::{self, File};
use std::path::PathBuf;

use crate::project;
use crate::step::{self, Done, Failure, Plan, Step};

/// Something that has to be on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Node,
    NodeModules,
    RustComponents,
    OldestRust,
    CargoDeny,
    WasmTarget,
    WasmBindgen,
    WasmPack,
    Chromium,
    Firefox,
    WebKit,
    Mosquitto,
    RabbitMq,
    Debian13,
    Valgrind,
    HiveMq,
    Rumqttd,
}

/// Where something is and which version.
pub struct Found {
    pub version: String,
    pub place: String,
}

impl Need {
    pub const ALL: [Self; 17] = [
        Self::Node,
        Self::NodeModules,
        Self::RustComponents,
        Self::OldestRust,
        Self::CargoDeny,
        Self::WasmTarget,
        Self::WasmBindgen,
        Self::WasmPack,
        Self::Chromium,
        Self::Firefox,
        Self::WebKit,
        Self::Mosquitto,
        Self::RabbitMq,
        Self::Debian13,
        Self::Valgrind,
        Self::HiveMq,
        Self::Rumqttd,
    ];

    /// What `cargo xtask demo` needs, and nothing more.
    pub const FOR_DEMO: [Self; 4] = [
        Self::Node,
        Self::NodeModules,
        Self::WasmTarget,
        Self::WasmBindgen,
    ];

    /// What `cargo xtask build` needs.
    pub const FOR_BUILD: [Self; 5] = [
        Self::Node,
        Self::NodeModules,
        Self::WasmTarget,
        Self::WasmBindgen,
        Self::WasmPack,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::NodeModules => "node-modules",
            Self::RustComponents => "rust-components",
            Self::OldestRust => "oldest-rust",
            Self::CargoDeny => "cargo-deny",
            Self::WasmTarget => "wasm-target",
            Self::WasmBindgen => "wasm-bindgen",
            Self::WasmPack => "wasm-pack",
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
            Self::Mosquitto => "mosquitto",
            Self::RabbitMq => "rabbitmq",
            Self::Debian13 => "debian-13",
            Self::Valgrind => "valgrind",
            Self::HiveMq => "hivemq",
            Self::Rumqttd => "rumqttd",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|need| need.name() == name)
    }

    /// What is lost without it.
    pub fn matters(self) -> &'static str {
        match self {
            Self::Node => "runs the TypeScript tools, the page's build and the browser tests",
            Self::NodeModules => {
                "esbuild, TypeScript, Biome, wasm-opt, playwright-core, uPlot, aedes"
            }
            Self::RustComponents => "rustfmt and clippy, for `cargo xtask check`",
            Self::OldestRust => "shows that the crate compiles with the Rust that it promises",
            Self::CargoDeny => "looks at the licences and sources of what the crate depends on",
            Self::WasmTarget => "compiles the crate to WebAssembly",
            Self::WasmBindgen => "JavaScript glue, and the runner of the tests in the browser",
            Self::WasmPack => "drives the package's build; the demo does without",
            Self::Chromium => "wasm and browser tests; the demo does without",
            Self::Firefox => "browser tests in Firefox",
            Self::WebKit => "browser tests in WebKit, on a display that nobody sees",
            Self::Mosquitto => "browser tests against an old Mosquitto (2.0.11 on Debian 12)",
            Self::RabbitMq => "browser tests against an old RabbitMQ (3.10 on Debian 12)",
            Self::Debian13 => {
                "browser tests against Mosquitto 2.0.21 and RabbitMQ 4.0, in a folder of their own"
            }
            Self::Valgrind => "counts the codec's instructions, which must not grow unseen",
            Self::HiveMq => "browser tests against HiveMQ CE, which needs Java",
            Self::Rumqttd => "browser tests against rumqttd",
        }
    }

    /// Without these nothing works; the others leave a reason behind.
    fn is_essential(self) -> bool {
        matches!(
            self,
            Self::Node | Self::NodeModules | Self::WasmTarget | Self::WasmBindgen
        )
    }

    fn after(self) -> &'static [&'static str] {
        match self {
            Self::NodeModules => &["node"],
            // One at a time: each of them keeps every core busy.
            Self::WasmPack => &["wasm-bindgen"],
            Self::Rumqttd => &["wasm-pack"],
            _ => &[],
        }
    }

    /// Looks for it; an error says in words what is missing.
    pub fn find(self) -> Result<Found, String> {
        match self {
            Self::Node => node::find(),
            Self::NodeModules => node::find_modules(),
            Self::RustComponents => cargo_tools::find_components(),
            Self::OldestRust => cargo_tools::find_oldest_rust(),
            Self::CargoDeny => cargo_tools::CARGO_DENY.find(),
            Self::WasmTarget => wasm_target::find(),
            Self::WasmBindgen => cargo_tools::WASM_BINDGEN.find(),
            Self::WasmPack => cargo_tools::WASM_PACK.find(),
            Self::Chromium => browsers::find_chromium(),
            Self::Firefox => browsers::find_firefox(),
            Self::WebKit => browsers::find_webkit(),
            Self::Mosquitto => find_daemon("mosquitto", "mosquitto"),
            Self::RabbitMq => find_daemon("rabbitmq-server", "rabbitmq-server"),
            Self::Debian13 => debian13::find(),
            Self::Valgrind => find_daemon("valgrind", "valgrind"),
            Self::HiveMq => hivemq::find(),
            Self::Rumqttd => rumqttd::find(),
        }
    }

    fn provide(self, step: &Step) -> Result<(), Failure> {
        match self {
            Self::Node => node::provide(step),
            Self::NodeModules => node::provide_modules(step),
            Self::RustComponents => cargo_tools::provide_components(step),
            Self::OldestRust => cargo_tools::provide_oldest_rust(step),
            Self::CargoDeny => cargo_tools::CARGO_DENY.provide(step),
            Self::WasmTarget => wasm_target::provide(step),
            Self::WasmBindgen => cargo_tools::WASM_BINDGEN.provide(step),
            Self::WasmPack => cargo_tools::WASM_PACK.provide(step),
            Self::Chromium => apt::install(step, &["chromium", "chromium-driver"]),
            Self::Firefox => apt::install(step, &["firefox-esr"]),
            Self::WebKit => apt::install(step, &["webkit2gtk-driver", "xvfb"]),
            Self::Mosquitto => apt::install_daemon(step, "mosquitto"),
            Self::RabbitMq => apt::install_daemon(step, "rabbitmq-server"),
            Self::Debian13 => debian13::provide(step),
            Self::Valgrind => apt::install(step, &["valgrind"]),
            Self::HiveMq => hivemq::provide(step),
            Self::Rumqttd => rumqttd::provide(step),
        }
    }

    fn reason_file(self) -> PathBuf {
        project::cache().join("unavailable").join(self.name())
    }

    fn work(self, step: &Step) -> Result<Done, Failure> {
        if self.find().is_ok() {
            return Ok(Done::UpToDate);
        }
        step.announce();
        let provided = self.provide(step).and_then(|()| match self.find() {
            Ok(_) => Ok(()),
            Err(missing) => Err(Failure::new(format!(
                "{} was set up but is still missing: {missing}; run `cargo xtask doctor`.",
                self.name()
            ))),
        });
        match provided {
            Ok(()) => {
                let _ = fs::remove_file(self.reason_file());
                Ok(Done::Worked)
            }
            Err(failure) if self.is_essential() => Err(failure),
            Err(failure) => {
                let file = self.reason_file();
                let _ = file.parent().map(fs::create_dir_all);
                let _ = fs::write(file, &failure.sentence);
                Ok(Done::Without(failure.sentence))
            }
        }
    }
}

/// Why something is not there: the reason that setup left, else what the search says. Nothing when it is there.
pub fn reason(need: Need) -> Option<String> {
    let missing = need.find().err()?;
    let left = fs::read_to_string(need.reason_file()).ok();
    Some(left.unwrap_or_else(|| {
        format!(
            "{missing} (`cargo xtask setup --only {}` tries to get it)",
            need.name()
        )
    }))
}

/// Adds these needs to a plan, with what they themselves need.
pub fn add_to(plan: &mut Plan<'_>, needs: &[Need]) {
    for need in needs {
        if *need == Need::NodeModules {
            add_to(plan, &[Need::Node]);
        }
        let need = *need;
        plan.add(need.name(), need.after(), move |step| need.work(step));
    }
}

/// `cargo xtask setup [--only WHAT]`.
pub fn provide(needs: &[Need]) -> Result<(), Failure> {
    let _lock = lock()?;
    let mut plan = Plan::default();
    add_to(&mut plan, needs);
    plan.run()
}

/// Two runs at once must not set up the same thing: the second waits for the first.
pub fn lock() -> Result<File, Failure> {
    lock_file(&project::cache().join("setup.lock"), "another setup")
}

/// Takes a lock that ends with the process, and says so when it has to wait.
pub fn lock_file(path: &std::path::Path, holder: &str) -> Result<File, Failure> {
    let open = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        File::create(path)
    };
    let file =
        open().map_err(|error| Failure::io(&format!("opening {}", path.display()), &error))?;
    if file.try_lock().is_err() {
        step::say(&format!("waiting for {holder} to end"));
        file.lock()
            .map_err(|error| Failure::io("taking a lock", &error))?;
    }
    Ok(file)
}

fn find_daemon(program: &str, package: &str) -> Result<Found, String> {
    let file = project::program(program).ok_or_else(|| format!("no {program} on PATH"))?;
    Ok(Found {
        version: apt::version(package, None).unwrap_or_default(),
        place: file.display().to_string(),
    })
}

/// The first word of a text that begins with a digit and has a dot in it.
pub fn first_version(text: &str) -> Option<String> {
    text.split_whitespace()
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_among_words() {
        assert_eq!(
            first_version("Chromium 156.0.8078.79 built on Debian").as_deref(),
            Some("156.0.8078.79")
        );
        assert_eq!(first_version("v20.20.2").as_deref(), Some("20.20.2"));
        assert_eq!(first_version("no version"), None);
    }

    #[test]
    fn every_need_has_its_own_name() {
        for need in Need::ALL {
            assert_eq!(Need::named(need.name()), Some(need));
        }
    }
}
