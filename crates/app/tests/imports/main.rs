//! Imports over ports in memory: what they make of a manifest, and that nothing interrupts or doubles it.

extern crate datalake_app as app;

#[path = "../exports/steps.rs"]
mod steps;

mod budget;
mod entries;
mod lake;
mod locations;
mod restarts;
mod starting;
