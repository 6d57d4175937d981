//! What administrators do with people and keys, and what time does.

use std::time::Duration;

use app::Caller;
use domain::{
    access::Action,
    audit::{Actor, Origin},
    ports::{Condition, Tables as _},
    principal::Role,
};

use crate::{
    finding::Outcome,
    lake::administrator,
    world::{World, group},
};

const HOUR: Duration = Duration::from_secs(3_601);
const MONTH: Duration = Duration::from_secs(31 * 24 * 3_600);

impl World {
    fn somebodys_number(&self) -> usize {
        self.choices.below(self.model.users.len())
    }

    pub(crate) async fn change_groups(&mut self) -> Outcome {
        let (number, groups) = (self.somebodys_number(), self.some_groups());
        let names = groups.iter().map(|name| group(name)).collect();
        self.lake.people.set_groups(&administrator(), &self.model.users[number].id, &names).await.expect("groups");
        self.log.push(format!("user {number} is in {groups:?} now"));
        self.model.users[number].groups = groups.into_iter().collect();
        Ok(())
    }

    pub(crate) async fn change_enabled(&mut self) -> Outcome {
        let disabled: Vec<usize> = (0..self.model.users.len()).filter(|user| !self.model.users[*user].enabled).collect();
        // Back rather than out: an empty world shows nothing.
        let number = self.choices.one(&disabled).unwrap_or_else(|| self.somebodys_number());
        let enabled = !self.model.users[number].enabled;
        let caller: Caller = administrator();
        self.lake.people.set_enabled(&caller, &self.model.users[number].id, enabled).await.expect("enabled or disabled");
        self.log.push(format!("user {number} is {} now", if enabled { "enabled" } else { "disabled" }));
        let user = &mut self.model.users[number];
        user.enabled = enabled;
        if enabled {
            // Sessions from before have ended: the person signs in again.
            user.signed_in_at = self.lake.now();
        }
        Ok(())
    }

    pub(crate) async fn change_role(&mut self) -> Outcome {
        let number = self.somebodys_number();
        let admin = !self.model.users[number].admin;
        let role = if admin { Role::Admin } else { Role::Member };
        self.lake.people.set_role(&administrator(), &self.model.users[number].id, role).await.expect("a role");
        self.log.push(format!("user {number} is {} now", role.name()));
        self.model.users[number].admin = admin;
        Ok(())
    }

    pub(crate) async fn revoke_key(&mut self) -> Outcome {
        let active: Vec<usize> = (0..self.model.keys.len()).filter(|key| self.model.keys[*key].active).collect();
        let Some(number) = self.choices.one(&active) else { return Ok(()) };
        let (core, id) = (&self.lake.core, self.model.keys[number].pair.access_key_id.parse().expect("a key's id"));
        let mut key = core.store.api_key(&id).await.expect("tables answer").expect("the key");
        key.active = false;
        let stamp = core.stamp_of(Actor::system(), &Origin::default(), Action::KeyGrant, &["active"]);
        let write = core.store.put_api_key(&key, &stamp, Condition::Exists).expect("a row");
        self.lake.ports.tables.write(write).await.expect("tables answer");
        self.log.push(format!("key {number} is inactive now"));
        self.model.keys[number].active = false;
        Ok(())
    }

    /// Time passes: exports end, deleted things can't be brought back any more.
    pub(crate) fn wait(&mut self) -> Outcome {
        let long = self.choices.happens(25);
        self.lake.ports.clock.advance(if long { MONTH } else { HOUR });
        self.log.push(if long { "a month passes" } else { "an hour passes" }.to_owned());
        Ok(())
    }
}
