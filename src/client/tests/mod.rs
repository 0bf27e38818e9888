//! Behaviour of the client against a server on this machine.
