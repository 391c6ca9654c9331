"""The page at the root: what this is, and how to ask."""

from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Carteggio</title>
<h1>Carteggio</h1>
<p>Keeps what happens to a company's mail: every message, whom it is about, and who still waits
for an answer. This is its API for programs.</p>
<h2>Asking</h2>
<p>Questions are GraphQL, by POST to <code>/graphql</code>, with a token that an operator makes:</p>
<pre>carteggio token create my-program</pre>
<pre>curl -s {address}graphql \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d '{{"query": "{{ unanswered(first: 5) {{ totalCount {{ value }} }} }}"}}'</pre>
<p>The schema is asked for in the same way; it stands in <code>docs/schema.graphql</code> too.</p>
<h2>Besides</h2>
<dl>
<dt><code>GET /messages/{{id}}/raw</code></dt><dd>a message's octets, as they were captured</dd>
<dt><code>GET /attachments/{{id}}</code></dt><dd>an attachment</dd>
<dt><code>GET /health</code></dt><dd>is the server well? (no token)</dd>
<dt><code>GET /health/accounts</code></dt><dd>is mail fetched from every account? (no token)</dd>
<dt><code>GET /metrics</code></dt><dd>figures for Prometheus</dd>
</dl>
</html>
"""


async def page(request: Request) -> Response:
    """Say what this is; the same to everybody."""
    return HTMLResponse(_PAGE.format(address=escape(str(request.base_url))))
