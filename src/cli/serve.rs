//! `rightsd serve`.

use crate::clock::Clock;
use crate::config::Config;
use crate::daemon;
use crate::store::InstanceLock;

use super::{NO, OK, logging, output};

pub(super) async fn run(config: Config, once: bool, clock: Clock) -> anyhow::Result<u8> {
    logging::start();
    if !once {
        daemon::run(config, clock).await?;
        return Ok(OK);
    }
    let _lock = InstanceLock::take(&config.store.path)?;
    let office = daemon::open_office(config, clock).await?;
    let done = daemon::run_once(&office).await?;
    output::line(&format!(
        "fetched {}, understood {}, letters tried {}, mailboxes that failed {}",
        done.fetched, done.processed, done.letters, done.failed_mailboxes
    ))?;
    Ok(if done.failed_mailboxes == 0 { OK } else { NO })
}
