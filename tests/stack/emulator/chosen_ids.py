"""Lets tests choose the ids of their users.

Amazon Cognito chooses `sub` and refuses one that is given
(https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html), and so does the emulator.
The adapter's own tests meet it as it is: that the product never asks for an id is seen there.
"""

from ministack.services import cognito


def begin():
    refuse = cognito._new_user_error

    def refuse_the_rest(pool, username, attributes):
        return refuse(pool, username, {name: value for name, value in attributes.items() if name != "sub"})

    cognito._new_user_error = refuse_the_rest
