//! What goes wrong between this client and the API, in the words that callers branch on.

use std::error::Error as StdError;
use std::fmt;

use reqwest::StatusCode;

use super::operation::{Effect, Operation};
use super::text::one_line;

/// What sort of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 401, also with a fresh token.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404 or 410.
    NotFound,
    /// 409.
    Conflict,
    /// Any other 4xx.
    Rejected,
    /// 429 until the budget was spent.
    RateLimited,
    /// 5xx, 408 or 425.
    Server,
    /// 3xx: followed nowhere, since a credential goes to the given host alone.
    Redirected,
    /// No connection came about, so the request was certainly not sent.
    Connect,
    /// Sent, but no whole answer came: a timeout, a reset, a body cut short.
    Lost,
    /// An answer that is not JSON, of the wrong shape, inconsistent, or too large.
    Decode,
    /// Pages that bring nothing new: the paging headers were ignored.
    Paging,
    /// The time for this request ran out before it was sent.
    Budget,
    /// No URL can carry the name or id.
    Unaddressable,
}

/// A failed request.
///
/// `Display` is one line without advice; [`Error::hint`] is the advice. Neither ever holds a secret.
#[derive(Clone)]
pub struct Error(Box<Facts>);

#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) kind: Kind,
    pub(super) operation: Operation,
    /// Without the query.
    pub(super) path: String,
    pub(super) status: Option<StatusCode>,
    pub(super) message: String,
    /// How often it was sent.
    pub(super) attempts: u32,
    pub(super) hint: Option<String>,
}

impl Error {
    pub(super) fn new(facts: Facts) -> Self {
        Self(Box::new(facts))
    }

    pub(super) fn facts_mut(&mut self) -> &mut Facts {
        &mut self.0
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// Returns the contract's name of the operation that failed.
    pub fn operation_id(&self) -> &'static str {
        self.0.operation.id()
    }

    pub fn method(&self) -> reqwest::Method {
        self.0.operation.method()
    }

    /// Returns the path of the request, percent-encoded and without its query.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    pub fn status(&self) -> Option<u16> {
        self.0.status.map(|status| status.as_u16())
    }

    /// Returns what the server, or else the network, said: one line, harmless in a terminal, perhaps empty.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns how often the request was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Returns whether the portal certainly is as it was before: always so for a read.
    pub fn certainly_no_effect(&self) -> bool {
        self.0.operation.effect() == Effect::Read
            || match self.0.kind {
                Kind::Unauthorized
                | Kind::Forbidden
                | Kind::NotFound
                | Kind::Conflict
                | Kind::Rejected
                | Kind::RateLimited
                | Kind::Connect
                | Kind::Budget
                | Kind::Unaddressable => true,
                Kind::Server | Kind::Redirected | Kind::Lost | Kind::Decode | Kind::Paging => false,
            }
    }

    /// Returns whether a write may or may not have happened, so that only reading can tell.
    pub fn outcome_unknown(&self) -> bool {
        !self.certainly_no_effect()
    }

    /// Returns whether the object is not there, as far as a status can say.
    pub fn is_not_found(&self) -> bool {
        self.0.kind == Kind::NotFound
    }

    /// Returns whether the server does not know this operation, or the object it is called on.
    pub(super) fn is_missing_operation(&self) -> bool {
        matches!(self.status(), Some(404 | 405))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { kind: _, operation, path, status, message, attempts, hint: _ } = &*self.0;
        write!(formatter, "{} {path} ({}): ", operation.method(), operation.id())?;
        let reason = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
        if let Some(status) = status {
            write!(formatter, "{}", status.as_u16())?;
            if !reason.is_empty() {
                write!(formatter, " {reason}")?;
            }
        }
        if !message.is_empty() && message != reason {
            write!(formatter, "{}{message}", if status.is_some() { ": " } else { "" })?;
        }
        if *attempts > 1 {
            write!(formatter, " (after {attempts} attempts)")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl StdError for Error {}

/// A client that cannot be set up: a bad host, credential, certificate file or option.
///
/// Its text is one lowercase line; the advice is apart. Neither holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupError {
    message: String,
    hint: Option<String>,
}

impl SetupError {
    pub(super) fn new(message: impl AsRef<str>) -> Self {
        Self { message: one_line(message.as_ref()), hint: None }
    }

    pub(super) fn with_hint(mut self, hint: impl AsRef<str>) -> Self {
        self.hint = Some(one_line(hint.as_ref()));
        self
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl StdError for SetupError {}

/// Returns what kind of failure a status is.
pub(super) fn kind_of(status: StatusCode) -> Kind {
    match status.as_u16() {
        401 => Kind::Unauthorized,
        403 => Kind::Forbidden,
        404 | 410 => Kind::NotFound,
        409 => Kind::Conflict,
        // Gateways send these two for a request that may have gone further than they know.
        408 | 425 => Kind::Server,
        429 => Kind::RateLimited,
        400..=499 => Kind::Rejected,
        300..=399 => Kind::Redirected,
        _ => Kind::Server,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(operation: Operation, kind: Kind, status: Option<u16>, message: &str) -> Error {
        Error::new(Facts {
            kind,
            operation,
            path: "/x".into(),
            status: status.map(|status| StatusCode::from_u16(status).unwrap()),
            message: message.into(),
            attempts: 1,
            hint: None,
        })
    }

    #[test]
    fn an_error_is_one_clear_line() {
        let forbidden = error(Operation::UpdateCommunityAsset, Kind::Forbidden, Some(403), "not yours");
        assert_eq!(forbidden.to_string(), "PATCH /x (updateCommunityAsset): 403 Forbidden: not yours");
        let plain = error(Operation::GetConnections, Kind::Unauthorized, Some(401), "Unauthorized");
        assert_eq!(plain.to_string(), "GET /x (getConnections): 401 Unauthorized");
        let mut lost = error(Operation::GetConnections, Kind::Lost, None, "no answer within 60 s");
        lost.facts_mut().attempts = 5;
        assert_eq!(lost.to_string(), "GET /x (getConnections): no answer within 60 s (after 5 attempts)");
        let strange = error(Operation::GetConnections, Kind::Server, Some(599), "");
        assert_eq!(strange.to_string(), "GET /x (getConnections): 599");
    }

    #[test]
    fn only_what_the_server_refused_or_never_got_is_certainly_without_effect() {
        let write = |kind| error(Operation::ApproveProspect, kind, None, "");
        for kind in [Kind::Forbidden, Kind::NotFound, Kind::Rejected, Kind::RateLimited, Kind::Connect, Kind::Budget] {
            assert!(write(kind).certainly_no_effect(), "{kind:?}");
        }
        for kind in [Kind::Server, Kind::Redirected, Kind::Lost, Kind::Decode] {
            assert!(write(kind).outcome_unknown(), "{kind:?}");
            assert!(error(Operation::SearchCommunityAssets, kind, None, "").certainly_no_effect(), "{kind:?}");
        }
    }

    #[test]
    fn statuses_have_kinds() {
        let kind = |status| kind_of(StatusCode::from_u16(status).unwrap());
        assert_eq!(kind(302), Kind::Redirected);
        assert_eq!(kind(405), Kind::Rejected);
        assert_eq!(kind(408), Kind::Server);
        assert_eq!(kind(410), Kind::NotFound);
        assert_eq!(kind(415), Kind::Rejected);
        assert_eq!(kind(503), Kind::Server);
    }
}
