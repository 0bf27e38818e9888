//! Behaviour of the client against a server on this machine.

mod answers;
mod credentials;
mod network;
mod pages;
mod pressure;
mod repetition;
mod requests;
mod secrets;
mod server;
mod sign_in;
mod simulation;
