//! People and groups in an Amazon Cognito user pool.
