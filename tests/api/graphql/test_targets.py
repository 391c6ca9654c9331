"""What mail can belong to: every kind of record, where it is shown, and whom it concerns."""

from dataclasses import replace

from office import nodes

URLS = {"party": "https://erp.example/clients/{code}", "invoice": "erp:invoice/{number}"}


async def test_a_link_leads_to_where_the_erp_shows_its_target(ask):
    settings = ask.carteggio.settings.model_copy(update={"entity_urls": URLS})
    ask.carteggio = replace(ask.carteggio, settings=settings)
    query = """{ messages(first: 100) { edges { node { headerId links { target {
        ... on Party { code url } ... on Document { number url } } } } } } }"""
    found = nodes((await ask(query))["messages"])
    links = {one["headerId"]: [link["target"] for link in one["links"]] for one in found}
    assert {"code": "C1", "url": "https://erp.example/clients/C1"} in links["a1@acme.example"]
    assert {"number": "2026/17", "url": "erp:invoice/2026%2F17"} in links["a1@acme.example"]
    assert {"number": "AG-2026-100", "url": None} in links["b1@rossi.example"]
