from tests.suppliers.test_api import *
from tests.market import *
from catalog import selectors
def test_x(market, family):
    al, ai = family
    print(type(ai), ai.role, selectors.beneficiary_of(ai))
    from marketplace import access
    print(access.people_of(ai), access.people_of(ai).query)
    r=Client(); r.force_login(ai); a=r.get('/api/v1/me'); print(a.content)
    assert 0
