//! The two searches of Exchange.

use super::super::failure::{Failure, Outcome, Reason};
use super::super::operation::{Call, Json};
use super::super::store::exchange::{Filter, Search};
use super::super::switches::ExchangeSearch;
use super::super::wire::hub::{ExchangeAsset, ExchangeSearchRequest, ExchangeSearchResult, SearchParameters};
use super::{portal, search_window};

pub(crate) fn search(
    call: &Call<'_>,
    parameters: SearchParameters,
    Json(request): Json<ExchangeSearchRequest>,
) -> Outcome<Json<ExchangeSearchResult>> {
    if call.switches.exchange_search == ExchangeSearch::Legacy {
        return Err(Failure::new(Reason::NotFound, "Not Found"));
    }
    let filter = filter(&request)?;
    let assets = find(call, &parameters, &filter)?;
    Ok(Json(ExchangeSearchResult { assets, facets: Some(Search::exchange(&filter).facets(call.db)?) }))
}

pub(crate) fn legacy_search(
    call: &Call<'_>,
    parameters: SearchParameters,
    Json(request): Json<ExchangeSearchRequest>,
) -> Outcome<Json<Vec<ExchangeAsset>>> {
    find(call, &parameters, &filter(&request)?).map(Json)
}

fn find(call: &Call<'_>, parameters: &SearchParameters, filter: &Filter<'_>) -> Outcome<Vec<ExchangeAsset>> {
    portal(call)?;
    let window = search_window(call, parameters.limit, parameters.from)?;
    Ok(Search::exchange(filter).page(call.db, window)?)
}

fn filter(request: &ExchangeSearchRequest) -> Outcome<Filter<'_>> {
    check_categories(&request.categories)?;
    Ok(Filter {
        search_term: request.search_term.as_deref(),
        categories: &request.categories,
        tags: &request.tags,
        sort: request.sort,
    })
}

/// Categories are asked for as `Key:Value`.
pub(super) fn check_categories(categories: &[String]) -> Outcome<()> {
    match categories.iter().find(|category| !category.contains(':')) {
        Some(category) => {
            Err(Failure::invalid("the request body", format!("category {category:?} is not in key:value format")))
        }
        None => Ok(()),
    }
}
