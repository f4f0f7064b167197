//! One logged-in connection, and the one function through which every command goes.
//!
//! The client library underneath reads and writes; its own commands are not used, because they take NO, BAD and a
//! closed connection for an empty answer, and "nothing new" must never look like "the server refused".

use std::time::Duration;

use async_imap::imap_proto::{Capability, MailboxDatum, RequestId, Response, ResponseCode, Status};
use async_imap::types::UnsolicitedResponse;
use async_imap::{Session, error::Error as ClientError};

use super::connect::{read_error, within};
use super::error::IntakeError;
use super::guard::Guard;
/// A whole answer with a mail in it, however slow the line.
const ANSWER_MAX: Duration = Duration::from_secs(900);

/// Answers to one command; a folder with more mails than that is not believed.
const ANSWERS_MAX: usize = 10_000_000;

/// What a server can do beyond RFC 3501, as far as it helps us.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Can {
    /// RFC 2177.
    pub(super) idle: bool,
    /// RFC 6851.
    pub(super) mv: bool,
    /// RFC 4315.
    pub(super) uidplus: bool,
}

/// A logged-in connection. After any `Err` it is not used again: its answers would belong to other questions.
pub(super) struct Wire {
    session: Session<Guard>,
    step: Duration,
    can: Can,
    exists: Option<u32>,
    /// Answers since the last command.
    answers: usize,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Ok,
    /// NO, and whether the server would do it if the folder existed.
    No {
        try_create: bool,
    },
    Bad,
}

impl Wire {
    /// Asks what the server can do now that it knows us, and says who we are when it wants to know (RFC 2971):
    /// some providers close the line otherwise.
    pub(super) async fn open(session: Session<Guard>, step: Duration) -> Result<Self, IntakeError> {
        let mut this = Self { session, step, can: Can::default(), exists: None, answers: 0 };
        let mut words = Vec::new();
        this.command("CAPABILITY", "CAPABILITY", |answer| {
            if let Response::Capabilities(offered) = answer {
                words.extend(offered.iter().map(capability));
            }
        })
        .await?;
        let has = |word: &str| words.iter().any(|offered| offered == word);
        this.can = Can { idle: has("IDLE"), mv: has("MOVE"), uidplus: has("UIDPLUS") };
        if has("ID") {
            // Whatever is answered: this is courtesy.
            let _ = this
                .exchange(
                    "ID",
                    concat!("ID (\"name\" \"rightsd\" \"version\" \"", env!("CARGO_PKG_VERSION"), "\")"),
                    |_| {},
                )
                .await?;
        }
        Ok(this)
    }

    /// What the server can do.
    pub(super) fn can(&self) -> Can {
        self.can
    }

    /// A server that offers IDLE and refuses it is polled.
    pub(super) fn cannot_idle(&mut self) {
        self.can.idle = false;
    }

    /// The latest count of mails that the server announced in the selected folder.
    pub(super) fn exists(&self) -> Option<u32> {
        self.exists
    }

    /// Runs a command that must end well. `name` is what an error calls it; `each` sees every untagged answer, asked
    /// for or not.
    pub(super) async fn command(
        &mut self,
        name: &'static str,
        command: &str,
        each: impl FnMut(&Response<'_>),
    ) -> Result<(), IntakeError> {
        match self.exchange(name, command, each).await? {
            End::Ok => Ok(()),
            End::No { .. } | End::Bad => Err(IntakeError::Refused(name)),
        }
    }

    /// Runs a command and says how it ended.
    pub(super) async fn exchange(
        &mut self,
        name: &'static str,
        command: &str,
        mut each: impl FnMut(&Response<'_>),
    ) -> Result<End, IntakeError> {
        let tag = self.send(name, command).await?;
        loop {
            let answer = self.next().await?;
            match end_of(&answer) {
                Some((ended, end)) if *ended == tag => return Ok(end),
                Some(_) => return Err(IntakeError::Nonsense("the end of a command that was never sent")),
                None => each(answer.parsed()),
            }
        }
    }

    /// Sends a command; its answers are read by [`Wire::next`]. Several may be under way.
    pub(super) async fn send(&mut self, name: &'static str, command: &str) -> Result<RequestId, IntakeError> {
        self.answers = 0;
        let sent = within(self.step, name, self.session.run_command(command)).await?;
        sent.map_err(|error| write_error(&error))
    }

    /// Sends a line that is no command: the end of an IDLE.
    pub(super) async fn send_untagged(&mut self, line: &'static str) -> Result<(), IntakeError> {
        let sent = within(self.step, line, self.session.run_command_untagged(line)).await?;
        sent.map_err(|error| write_error(&error))
    }

    /// The next answer. BYE, a closed line, silence and nonsense are errors. May be dropped while it waits.
    pub(super) async fn next(&mut self) -> Result<Answer, IntakeError> {
        let answer = within(ANSWER_MAX, "an answer without end", self.session.read_response()).await?;
        let answer = answer.map_err(|error| read_error(&error))?.ok_or(IntakeError::Closed)?;
        let answer = Answer(UnsolicitedResponse::Other(answer));
        self.answers += 1;
        if self.answers > ANSWERS_MAX {
            return Err(IntakeError::Nonsense("answers without end"));
        }
        match answer.parsed() {
            Response::Data { status: Status::Bye, .. } => return Err(IntakeError::Closed),
            Response::MailboxData(MailboxDatum::Exists(count)) => self.exists = Some(*count),
            Response::Expunge(_) => self.exists = self.exists.map(|count| count.saturating_sub(1)),
            _ => {}
        }
        Ok(answer)
    }

    /// The next answer, which must come at once. Idling, the guard does not watch the clock.
    pub(super) async fn next_soon(&mut self, step: &'static str) -> Result<Answer, IntakeError> {
        within(self.step, step, self.next()).await?
    }

    /// Whether silence is expected from now on.
    pub(super) fn be_patient(&mut self, patient: bool) {
        self.session.as_mut().be_patient(patient);
    }

    /// Says goodbye; whether the server answers does not matter.
    pub(super) async fn logout(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(2), self.command("LOGOUT", "LOGOUT", |_| {})).await;
    }
}

/// One answer. The library does not name its own type, so it travels in the one place where it does.
pub(super) struct Answer(UnsolicitedResponse);

impl Answer {
    /// What it says.
    pub(super) fn parsed(&self) -> &Response<'_> {
        match &self.0 {
            UnsolicitedResponse::Other(data) => data.parsed(),
            _ => unreachable!("answers are made of nothing else"),
        }
    }
}

/// Which command ended with this answer, and how; `None` when it is an answer on the way.
pub(super) fn end_of(answer: &Answer) -> Option<(&RequestId, End)> {
    let Response::Done { tag, status, outcome } = answer.parsed() else { return None };
    let end = match status {
        Status::Ok => End::Ok,
        Status::No => End::No { try_create: outcome.code == Some(ResponseCode::TryCreate) },
        _ => End::Bad,
    };
    Some((tag, end))
}

/// A capability as one word, in capitals.
pub(super) fn capability(word: &Capability<'_>) -> String {
    match word {
        Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
        Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
        Capability::Atom(atom) => atom.to_ascii_uppercase(),
    }
}

fn write_error(error: &ClientError) -> IntakeError {
    match error {
        ClientError::Io(error) => read_error(error),
        _ => IntakeError::Closed,
    }
}
