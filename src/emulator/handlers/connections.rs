//! Connections and portals: reading them is all that the API offers.

use super::super::failure::{Failure, Outcome};
use super::super::operation::{Call, Json, NoParameters, Nothing};
use super::super::store::portals;
use super::super::wire::hub::{Connection, Portal};

pub(crate) fn list(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Json<Vec<Connection>>> {
    Ok(Json(portals::connections(call.db)?.into_iter().map(|(_, connection)| connection).collect()))
}

pub(crate) fn portals(call: &Call<'_>, _: NoParameters, _: Nothing) -> Outcome<Json<Vec<Portal>>> {
    let id = call.segment("connectionId");
    let connection = portals::connection_key(call.db, id)?.ok_or_else(|| Failure::unknown("Connection", id))?;
    Ok(Json(portals::portals(call.db, connection)?.into_iter().map(|(_, portal)| portal).collect()))
}
