//! `/profile`.

use contract::profile::{ApiKey, ApiKeyList, ApiKeySecret, Group, GroupList, PeopleList, Person, Profile};
use futures::Stream;

use crate::{
    call::Call,
    client::Client,
    error::Result,
    paging::{Page, entries, pages},
};

impl Client {
    /// Who the caller is, and what is possible here.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn profile(&self) -> Result<Profile> {
        self.json(Call::get("read the profile", &["profile"])).await
    }

    /// A page of the groups the caller may share with.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn list_groups(&self, page: &Page) -> Result<GroupList> {
        self.json(Call::get("list groups", &["profile", "groups"]).query("limit", page.limit).query("cursor", page.cursor.as_deref())).await
    }

    /// All groups the caller may share with.
    pub fn groups(&self) -> impl Stream<Item = Result<Group>> + Send + '_ {
        entries(pages(None, move |cursor| async move { self.list_groups(&Page::largest().at(cursor)).await }))
    }

    /// A page of people whose name begins with `name`.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn list_people(&self, name: &str, page: &Page) -> Result<PeopleList> {
        let call = Call::get("look people up", &["profile", "people"]).query("q", Some(name));
        self.json(call.query("limit", page.limit).query("cursor", page.cursor.as_deref())).await
    }

    /// All people whose name begins with `name`.
    pub fn people<'a>(&'a self, name: &'a str) -> impl Stream<Item = Result<Person>> + Send + 'a {
        entries(pages(None, move |cursor| async move { self.list_people(name, &Page::largest().at(cursor)).await }))
    }

    /// A page of the caller's API keys.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn list_api_keys(&self, page: &Page) -> Result<ApiKeyList> {
        self.json(Call::get("list API keys", &["profile", "api-keys"]).query("limit", page.limit).query("cursor", page.cursor.as_deref()))
            .await
    }

    /// All API keys of the caller.
    pub fn api_keys(&self) -> impl Stream<Item = Result<ApiKey>> + Send + '_ {
        entries(pages(None, move |cursor| async move { self.list_api_keys(&Page::largest().at(cursor)).await }))
    }

    /// A new secret for a key; the old one stops at once. Sent once only: a lost answer's secret is lost as well.
    ///
    /// # Errors
    /// 404 for a key that is not the caller's.
    pub async fn new_secret(&self, access_key_id: &str) -> Result<ApiKeySecret> {
        self.json(Call::post("make a new secret", &["profile", "api-keys", access_key_id, "secret"])).await
    }
}
