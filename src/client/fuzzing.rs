//! The door for fuzzing: every decoder of an answer, and what is made of an error's body.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::text::{one_line, server_message};
use super::token::Answer;
use super::wire::lenient::List;
use super::wire::{
    AssetDetail, BusinessGroup, CommunityAsset, Connection, Created, ExchangeAsset, GroupMapping, IdentityProviderPage,
    MeAnswer, OrganizationAnswer, Portal, Prospect, ProspectCount, User, UserGroup,
};

/// Decodes a body as each answer that the client knows, and as an error.
///
/// Gives the tree of user groups if it is one, which the rest of the program takes apart.
pub fn decode(body: &[u8]) -> Option<Vec<UserGroup>> {
    list::<Connection>(body);
    list::<Portal>(body);
    list::<GroupMapping>(body);
    list::<User>(body);
    list::<Prospect>(body);
    list::<CommunityAsset>(body);
    list::<ExchangeAsset>(body);
    one::<AssetDetail>(body);
    one::<BusinessGroup>(body);
    read::<User>(body);
    read::<Created>(body);
    read::<ProspectCount>(body);
    read::<MeAnswer>(body);
    read::<OrganizationAnswer>(body);
    read::<IdentityProviderPage>(body);
    read::<Answer>(body);
    let line = one_line(&server_message(body));
    assert!(!line.chars().any(char::is_control), "{line:?} can act on a terminal");
    let List(tree) = read::<List<UserGroup>>(body)?;
    Some(tree)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

fn list<T: DeserializeOwned + Serialize + PartialEq + Debug>(body: &[u8]) {
    if let Some(List(rows)) = read::<List<T>>(body) {
        rows.iter().for_each(same);
    }
}

fn one<T: DeserializeOwned + Serialize + PartialEq + Debug>(body: &[u8]) {
    if let Some(object) = read::<T>(body) {
        same(&object);
    }
}

/// What was understood is understood the same when it is written out.
fn same<T: DeserializeOwned + Serialize + PartialEq + Debug>(object: &T) {
    let written = serde_json::to_vec(object).expect("an answer can be written");
    let again: T = serde_json::from_slice(&written).expect("what was written can be read");
    assert_eq!(again, *object);
}
