//! With somebody at a terminal: the question, and what answers it.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::{Case, Hub, portal};

/// Runs the binary on a terminal of its own, types this, and gives the screen.
fn on_terminal(case: &Case, arguments: &[&str], typed: &[u8]) -> (Option<i32>, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("there are terminals");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("it can be used");
    let name = ptsname(&master, Vec::new()).expect("it has a name");
    let open = || -> OwnedFd {
        let path = name.to_str().expect("terminals have plain names");
        std::fs::OpenOptions::new().read(true).write(true).open(path).expect("it can be opened").into()
    };
    let stdio = || Stdio::from(open());
    let mut command = case.command(arguments);
    command.env("TERM", "xterm").stdin(stdio()).stdout(stdio()).stderr(stdio());
    let mut child = command.spawn().expect("the binary can be started");
    // Only the child holds the other end now: it is gone when the child is.
    drop(command);
    let mut terminal = std::fs::File::from(OwnedFd::from(master));
    // A terminal keeps what is typed until somebody reads it.
    terminal.write_all(typed).expect("it can be typed");
    let mut screen = Vec::new();
    let mut buffer = [0; 4096];
    // Reading fails once nobody holds the other end any more.
    while let Ok(length) = terminal.read(&mut buffer)
        && length > 0
    {
        screen.extend(&buffer[..length]);
    }
    let status = child.wait().expect("the process ends");
    (status.code(), String::from_utf8_lossy(&screen).into_owned())
}

fn case(hub: &Hub) -> Case {
    let case = Case::on(hub);
    case.write(
        "portal.yaml",
        portal("  prospects: [{email: ada@partner.example, approve: {userGroups: [Support]}}]\n"),
    );
    case
}

const APPLY: [&str; 3] = ["apply", "-f", "portal.yaml"];

#[test]
fn yes_is_a_word_that_allows_everything_shown() {
    let hub = Hub::demo();
    let (status, screen) = on_terminal(&case(&hub), &APPLY, b"yes\n");
    assert_eq!(status, Some(0), "{screen}");
    assert!(screen.contains("Apply these changes to `Developer Portal`?"), "{screen}");
    assert!(screen.contains("Applied: 1 added, 0 changed, 0 deleted."), "{screen}");
    assert!(screen.contains("\u{1b}[32m"), "a terminal gets colours: {screen:?}");
}

#[test]
fn nothing_else_is_a_yes() {
    for typed in [&b"y\n"[..], b"\n", b"YES\n", b"\x04"] {
        let hub = Hub::demo();
        let (status, screen) = on_terminal(&case(&hub), &APPLY, typed);
        assert_eq!(status, Some(3), "{typed:?}: {screen}");
        assert!(screen.contains("nothing was changed"), "{screen}");
        assert_eq!(hub.writes(), Vec::<String>::new());
    }
}

#[test]
fn in_json_the_question_comes_with_the_plan() {
    let hub = Hub::demo();
    let (status, screen) = on_terminal(&case(&hub), &[&APPLY[..], &["--format", "json"]].concat(), b"no\n");
    assert_eq!(status, Some(3), "{screen}");
    assert!(screen.contains("ada@partner.example"), "nobody approves what was not shown: {screen}");
}
