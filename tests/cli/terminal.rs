//! With somebody at a terminal: the question, and what answers it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::{Case, Hub, portal};

/// Somebody at a terminal.
struct Screen {
    child: Child,
    terminal: File,
    shown: Vec<u8>,
}

impl Screen {
    /// Runs the binary on a terminal of its own.
    fn new(case: &Case, arguments: &[&str]) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("there are terminals");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("it can be used");
        let name = ptsname(&master, Vec::new()).expect("it has a name");
        let name = name.to_str().expect("terminals have plain names");
        // It must not become the terminal of these tests.
        let flags = OpenptFlags::NOCTTY.bits().cast_signed();
        let open = || File::options().read(true).write(true).custom_flags(flags).open(name);
        let end = || Stdio::from(open().expect("it can be opened"));
        let mut command = case.command(arguments);
        command.env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().expect("the binary can be started");
        // Only the child holds the other end from here on: it is gone when the child is.
        drop(command);
        Self { child, terminal: File::from(master), shown: Vec::new() }
    }

    /// Reads on; false once the child is gone, and the other end with it.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let length = self.terminal.read(&mut buffer).unwrap_or(0);
        self.shown.extend(&buffer[..length]);
        length > 0
    }

    /// Waits until the line ends in a question, or until there is nothing more to come.
    fn question(mut self) -> Self {
        while !self.shown.ends_with(b": ") && self.read() {}
        self
    }

    /// Types this; a terminal keeps it until somebody reads.
    fn type_in(mut self, typed: &[u8]) -> Self {
        self.terminal.write_all(typed).expect("it can be typed");
        self
    }

    fn interrupt(self) -> Self {
        let child = Pid::from_child(&self.child);
        kill_process(child, Signal::INT).expect("the process is there to be told");
        self
    }

    /// How it ended, and everything that was shown.
    fn end(mut self) -> (Option<i32>, String) {
        while self.read() {}
        let status = self.child.wait().expect("the process ends");
        (status.code(), String::from_utf8_lossy(&self.shown).into_owned())
    }
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
    let (status, screen) = Screen::new(&case(&hub), &APPLY).type_in(b"yes\n").end();
    assert_eq!(status, Some(0), "{screen}");
    assert!(screen.contains("Apply these changes to `Developer Portal`?"), "{screen}");
    assert!(screen.contains("Applied: 1 added, 0 changed, 0 deleted."), "{screen}");
    assert!(screen.contains("\u{1b}[32m"), "a terminal gets colours: {screen:?}");
}

#[test]
fn nothing_else_is_a_yes() {
    for typed in [&b"y\n"[..], b"\n", b"YES\n", b"\x04"] {
        let hub = Hub::demo();
        let (status, screen) = Screen::new(&case(&hub), &APPLY).type_in(typed).end();
        assert_eq!(status, Some(3), "{typed:?}: {screen}");
        assert!(screen.contains("nothing was changed"), "{screen}");
        assert_eq!(hub.writes(), Vec::<String>::new());
    }
}

#[test]
fn in_json_the_question_comes_with_the_plan() {
    let hub = Hub::demo();
    let arguments = [&APPLY[..], &["--format", "json"]].concat();
    let (status, screen) = Screen::new(&case(&hub), &arguments).type_in(b"no\n").end();
    assert_eq!(status, Some(3), "{screen}");
    assert!(screen.contains("ada@partner.example"), "nobody approves what was not shown: {screen}");
}

#[test]
fn ctrl_c_is_an_answer_too() {
    let hub = Hub::demo();
    let (status, screen) = Screen::new(&case(&hub), &APPLY).question().interrupt().end();
    assert_eq!(status, Some(130), "{screen}");
    assert_eq!(hub.writes(), Vec::<String>::new());
}
