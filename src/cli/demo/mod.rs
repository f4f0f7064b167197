//! `rightsd demo`: the whole way of a mail on one machine, with sample mails, two Maildirs, letters written to a
//! folder and the page on loopback. The very daemon runs; only its configuration is made up here.

mod narrator;

use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::{OK, output};
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon;

/// The sample mails; the part before the first hyphen orders them, the one behind it names the mailbox.
const MAILS: &[(&str, &str)] = &[
    ("01-optout-stop.eml", include_str!("mails/01-optout-stop.eml")),
    ("02-optout-angry.eml", include_str!("mails/02-optout-angry.eml")),
    ("03-optout-program.eml", include_str!("mails/03-optout-program.eml")),
    ("04-optout-newsletter.eml", include_str!("mails/04-optout-newsletter.eml")),
    ("05-dpo-access.eml", include_str!("mails/05-dpo-access.eml")),
    ("06-dpo-access-erasure.eml", include_str!("mails/06-dpo-access-erasure.eml")),
    ("07-dpo-rectification.eml", include_str!("mails/07-dpo-rectification.eml")),
    ("08-dpo-portability-en.eml", include_str!("mails/08-dpo-portability-en.eml")),
    ("09-dpo-objection-en.eml", include_str!("mails/09-dpo-objection-en.eml")),
    ("10-dpo-out-of-office.eml", include_str!("mails/10-dpo-out-of-office.eml")),
    ("11-dpo-question.eml", include_str!("mails/11-dpo-question.eml")),
    ("12-dpo-pitch.eml", include_str!("mails/12-dpo-pitch.eml")),
];

/// How the demonstration is set up.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Keep everything in this folder; a new one under the system's temporary folder when left out
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Port of the confirmation page on 127.0.0.1; a free one when left out
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Stop once the sample mails are settled instead of watching for more
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let port = match arguments.port {
        Some(port) => port,
        None => TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .context("no free port")?
            .port(),
    };
    let dir = match &arguments.dir {
        Some(dir) => std::path::absolute(dir)?,
        None => std::env::temp_dir().join(format!("rightsd-demo-{}", std::process::id())),
    };
    let fresh = !dir.join("config.toml").exists();
    for folder in ["", "data", "letters", "optout", "dpo"].map(|name| dir.join(name)) {
        private_folder(&folder)?;
    }
    for mailbox in ["optout", "dpo"] {
        for folder in ["cur", "new", "tmp"].map(|name| dir.join(mailbox).join(name)) {
            private_folder(&folder)?;
        }
    }
    let file = dir.join("config.toml");
    std::fs::write(&file, configuration(&dir, port)).with_context(|| format!("{}", file.display()))?;
    if fresh {
        deliver(&dir)?;
    }
    let config = Config::load(&file)?;
    let _lock = crate::store::InstanceLock::take(&config.store.path)?;
    let office = daemon::open_office(config, Clock::System).await?;
    output::line(&format!("rightsd demo in {}", dir.display()))?;
    output::line(&format!("{} sample mails wait in two Maildirs, optout and dpo.", MAILS.len()))?;
    output::line("")?;
    let stop = CancellationToken::new();
    let serving = tokio::spawn(daemon::serve(Arc::clone(&office), stop.clone()));
    let mut narrator = narrator::Narrator::new(&dir);
    let samples = if fresh { MAILS.len() } else { 0 };
    let mut quiet = 0_u32;
    let mut explained = false;
    loop {
        let said = narrator.look(&office.store).await?;
        quiet = if said { 0 } else { quiet + 1 };
        // All samples are told, and nothing has happened for a while: their letters are out too.
        if !explained && narrator.mails() >= samples && quiet >= 3 {
            explained = true;
            explain(&dir, &file, port, narrator.page_letter())?;
        }
        if explained && arguments.once {
            break;
        }
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            () = tokio::time::sleep(Duration::from_millis(300)) => {}
        }
        if serving.is_finished() {
            break;
        }
    }
    stop.cancel();
    drop(office);
    serving.await??;
    Ok(OK)
}

fn explain(dir: &Path, file: &Path, port: u16, letter: Option<&Path>) -> anyhow::Result<()> {
    let (dir, file) = (dir.display(), file.display());
    output::line("")?;
    output::line("Where to look:")?;
    output::line(&format!(
        "  letters    {dir}/letters     each is a mail: open it in a mail program or a pager"
    ))?;
    output::line(&format!("  cases      rightsd --config {file} cases list"))?;
    output::line(&format!("  opt-outs   rightsd --config {file} optouts list"))?;
    output::line(&format!("  journal    rightsd --config {file} journal verify"))?;
    if let Some(letter) = letter {
        output::line(&format!(
            "  page       http://127.0.0.1:{port}/…   the whole link and its code stand in {}",
            letter.file_name().unwrap_or_default().display()
        ))?;
    }
    output::line("Show it another mail:")?;
    output::line(&format!(
        "  rightsd --config {file} ingest --mailbox dpo MAIL.eml     or copy it into {dir}/dpo/new/"
    ))?;
    output::line(
        "(cargo run --release -- … stands for rightsd … in this folder.) Watching; stop with Ctrl-C.",
    )?;
    output::line("")
}

fn private_folder(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("{}", path.display()))
}

fn deliver(dir: &Path) -> anyhow::Result<()> {
    for (name, text) in MAILS {
        let mailbox = if name.contains("-optout-") { "optout" } else { "dpo" };
        let file = dir.join(mailbox).join("new").join(name.trim_end_matches(".eml"));
        std::fs::write(&file, text).with_context(|| format!("{}", file.display()))?;
    }
    Ok(())
}

/// The configuration that the demonstration runs on, ready to be read and changed by hand.
fn configuration(dir: &Path, port: u16) -> String {
    let path = |name: &str| toml::Value::String(dir.join(name).display().to_string()).to_string();
    format!(
        r#"# Made by `rightsd demo`; made anew at each start of it.
[controller]
name = "2J PROCESS"
group = "Groupe SFP EXPANSION"
entities = ["2J PROCESS", "SFP EXPANSION"]
postal_address = ["2J PROCESS", "La Direction", "13100 Aix-en-Provence", "France"]
dpo_email = "dora@2jprocess.example"
reference_prefix = "2J"

[[mailbox]]
name = "optout"
purpose = "opt-out"
address = "DatasInfos@2jprocess.example"
[mailbox.maildir]
path = {optout}
poll_seconds = 1

[[mailbox]]
name = "dpo"
purpose = "rights"
address = "2J-DPO@2jprocess.example"
[mailbox.maildir]
path = {dpo}
poll_seconds = 1

[smtp]
folder = {letters}

[store]
path = {store}
free_mib_min = 16

[identity]
authserv_id = "mx.demo.example"
dkim = false

[public]
listen = "127.0.0.1:{port}"
base_url = "http://127.0.0.1:{port}"

[notices]
grouping_minutes = 1
"#,
        optout = path("optout"),
        dpo = path("dpo"),
        letters = path("letters"),
        store = path("data/rightsd.db"),
    )
}
