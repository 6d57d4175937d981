//! Routes below /cart.
