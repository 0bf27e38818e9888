//! A refused request and the vendor's error envelope for it.

use std::fmt;

use serde_json::{Value, json};

pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why a request is refused; its status follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    PayloadTooLarge,
    UnsupportedMediaType,
    Internal,
}

#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    message: String,
    details: Vec<String>,
}

impl Failure {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), details: Vec::new() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Reason::BadRequest, message)
    }

    /// A resource named by the path that does not exist.
    pub(crate) fn unknown(kind: &str, id: &str) -> Self {
        Self::new(Reason::NotFound, format!("{kind} {id} was not found"))
    }

    /// A body that does not fit its schema.
    pub(crate) fn invalid(what: &str, detail: impl Into<String>) -> Self {
        Self { reason: Reason::BadRequest, message: format!("{what} is not valid"), details: vec![detail.into()] }
    }

    /// The same refusal for another reason.
    pub(crate) fn because(self, reason: Reason) -> Self {
        Self { reason, ..self }
    }

    pub(crate) fn status(&self) -> u16 {
        match self.reason {
            Reason::BadRequest => 400,
            Reason::Unauthorized => 401,
            Reason::Forbidden => 403,
            Reason::NotFound => 404,
            Reason::MethodNotAllowed => 405,
            Reason::PayloadTooLarge => 413,
            Reason::UnsupportedMediaType => 415,
            Reason::Internal => 500,
        }
    }

    /// The vendor's `{name, status, message, details}`.
    pub(crate) fn envelope(&self) -> Value {
        let name = match self.reason {
            Reason::BadRequest => "BadRequestError",
            Reason::Unauthorized => "UnauthorizedError",
            Reason::Forbidden => "ForbiddenError",
            Reason::NotFound => "NotFoundError",
            Reason::MethodNotAllowed => "MethodNotAllowedError",
            Reason::PayloadTooLarge => "PayloadTooLargeError",
            Reason::UnsupportedMediaType => "UnsupportedMediaTypeError",
            Reason::Internal => "InternalServerError",
        };
        let details: Vec<Value> = self.details.iter().map(|detail| json!({"message": detail})).collect();
        json!({"name": name, "status": self.status(), "message": self.message, "details": details})
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(Reason::Internal, format!("the store failed: {error}"))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::new(Reason::Internal, format!("a stored value is not JSON: {error}"))
    }
}
