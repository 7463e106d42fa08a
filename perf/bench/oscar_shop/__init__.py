"""A shop of stock django-oscar, as its documentation sets one up: what the portal is measured against.

Nothing here belongs to the portal. Oscar's own applications, templates and checkout, in three variants that one
environment variable chooses (OSCAR_VARIANT):

``sandbox``   as the settings of its sandbox are: no cached templates, a database connection for each request;
``tuned``     the same with cached templates and persistent connections;
``dbbrowse``  tuned, and its list pages read the database by Oscar's own prefetching manager instead of Haystack.
"""
