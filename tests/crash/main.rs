//! What was acknowledged stays, whatever happens to the process or to the disk below it; and what 200 clients of one package
//! were told is what the package tells of itself.

mod asking;
mod dice;
mod disk;
mod elsewhere;
mod history;
mod kills;
