service user
    description Accounts, sessions, and mails that prove an address or let in without a password.
    depends email
    topics user
