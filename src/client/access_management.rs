//! Access Management's operations that read; none of them changes anything.

use std::collections::HashSet;

use super::error::{Error, Kind};
use super::operation::Operation;
use super::reader::{Reader, repeated};
use super::target::{Target, push_query};
use super::transport::Call;
use super::wire::{
    BusinessGroup, IdentityProvider, IdentityProviderPage, Me, MeAnswer, Organization, OrganizationAnswer,
};

/// The most that this list gives at once, by the contract.
const LIMIT: &str = "500";

/// More than any organization has; organizations have a handful.
const MOST_PROVIDERS: usize = 10_000;

impl Reader {
    /// Reads the caller's root organization (listMe).
    pub async fn me(&self) -> Result<Me, Error> {
        let call = Call::new(Operation::ListMe, &Target::AccessManagement)?;
        let answer: MeAnswer = self.session.read(&call).await?;
        answer.into_me().ok_or_else(|| {
            self.session.senseless(
                &call,
                Kind::Decode,
                "the answer names no organization, neither a user's nor a client's",
            )
        })
    }

    /// Reads an organization (getOrganizations).
    pub async fn organization(&self, organization_id: &str) -> Result<Organization, Error> {
        let call = Call::new(Operation::GetOrganizations, &Target::Organization(organization_id))?;
        self.session.read::<OrganizationAnswer>(&call).await.map(Organization::from)
    }

    /// Reads an organization and all business groups below it (listHierarchy).
    pub async fn hierarchy(&self, organization_id: &str) -> Result<BusinessGroup, Error> {
        let call = Call::new(Operation::ListHierarchy, &Target::Organization(organization_id))?;
        let root: BusinessGroup = self.session.read(&call).await?;
        let twice = repeated(std::slice::from_ref(&root), |group| (&group.id, &group.sub_organizations));
        match twice {
            None => Ok(root),
            Some(id) => {
                let message = format!("business group {id} stands twice in the tree");
                Err(self.session.senseless(&call, Kind::Decode, &message))
            }
        }
    }

    /// Lists the identity providers of a root organization (listIdentityProviders, all pages).
    ///
    /// A business group's answer is a 405.
    pub async fn identity_providers(&self, organization_id: &str) -> Result<Vec<IdentityProvider>, Error> {
        let first = Call::new(Operation::ListIdentityProviders, &Target::Organization(organization_id))?;
        let mut providers: Vec<IdentityProvider> = Vec::new();
        let mut seen = HashSet::new();
        let mut received = 0;
        loop {
            let mut call = first.clone();
            push_query(&mut call.query, "include_full_details", "false");
            push_query(&mut call.query, "ascending", "true");
            push_query(&mut call.query, "limit", LIMIT);
            push_query(&mut call.query, "offset", &received.to_string());
            let IdentityProviderPage { data, total } = self.session.read(&call).await?;
            if data.is_empty() {
                return Ok(providers);
            }
            let (before, page) = (providers.len(), data.len());
            providers.extend(data.into_iter().filter(|provider| seen.insert(provider.provider_id.clone())));
            if providers.len() == before || providers.len() > MOST_PROVIDERS {
                let message = format!("the page at offset {received} brings nothing new, or the list has no end");
                return Err(self.session.senseless(&call, Kind::Paging, &message));
            }
            received += page;
            if total.is_some_and(|total| received as u64 >= total) {
                return Ok(providers);
            }
        }
    }
}
