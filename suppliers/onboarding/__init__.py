"""A business becomes a supplier: ``account`` lets it in, ``answers`` reads its draft, ``sending`` makes the application,
``deciding`` is what the ministry, the applicant and the clock do with it."""
