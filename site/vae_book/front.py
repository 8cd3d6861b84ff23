"""The start page: a map to play with, three ways on, what is inside in numbers, the chapters as cards."""

from urllib.parse import urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

from .cells import WIDGET, place_widget
from .facts import about_runs, env_runs, line, several
from .myths import MYTHS

START = "chapters/index"  # the root of the book; a page built alone has another
LAB = "chapters/lab"
READERS = "For whoever knows some Python, a derivative and an average; nothing to install"


def build(app: Sphinx, document: nodes.document, docname: str) -> None:
    if docname != START:
        return
    table, rows = chapter_map(app, document, docname)
    runs = {name: run for name, run in env_runs(app.env).items() if name in rows}
    title = next(document.findall(nodes.title))
    below = title.parent.index(title) + 2  # the title and the first sentence
    ways = ways_on(app, docname, next(iter(rows), None))
    title.parent[below:below] = [widget(), ways, *([summary(app, docname, runs)] if runs else [])]
    if runs:
        cards = nodes.bullet_list("", *(card(rows[name], run) for name, run in runs.items()), classes=["cards"])
        table.parent.replace(table, [cards, line(about_runs(list(runs.values())))])


def chapter_map(app: Sphinx, document: nodes.document, docname: str) -> tuple[nodes.Element | None, dict]:
    """The table of the chapters, and by page its cells: number, link, question."""
    pages = {app.builder.get_relative_uri(docname, name): name for name in app.env.found_docs}
    for table in document.findall(nodes.table):
        found = {}
        for row in table.findall(nodes.row):
            link = next(row.findall(nodes.reference), None)
            if link is not None and (name := pages.get(link.get("refuri"))):
                found[name] = list(row.findall(nodes.entry))
        if found:
            return table, found
    return None, {}


def widget() -> nodes.raw:
    from vae_utils.widgets import FrontMap

    html = FrontMap.trained(wander=True).to_html()
    match = WIDGET.search(html)
    return nodes.raw("", html.replace(match[0], place_widget(match, 1), 1), format="html")


def ways_on(app: Sphinx, docname: str, first: str | None) -> nodes.container:
    """Read, play, run: the first chapter, the Lab where there is one, and the first chapter in Colab."""
    pages = {"Start chapter 1": first, "Open the Lab": LAB if LAB in app.env.found_docs else None}
    links = [
        make_refnode(app.builder, docname, page, "", nodes.inline("", words)) for words, page in pages.items() if page
    ]
    if first and (address := colab(app.config.html_theme_options, first)):
        links.append(nodes.reference("", "", nodes.inline("", "Run it in Colab"), refuri=address, internal=False))
    return nodes.container("", nodes.paragraph("", "", *links), classes=["ways"])


def colab(options: dict, page: str) -> str:
    """The address at which Colab opens the notebook of a page."""
    host = options.get("launch_buttons", {}).get("colab_url", "").rstrip("/")
    repository = urlsplit(options.get("repository_url", "")).path.strip("/")
    branch = options.get("repository_branch", "main")
    return f"{host}/github/{repository}/blob/{branch}/{page}.ipynb" if host and repository else ""


def summary(app: Sphinx, docname: str, runs: dict[str, dict]) -> nodes.paragraph:
    """For whom, how long, and how much of what is inside; counted, not said."""
    each = [run["minutes"] for run in runs.values()]
    moving = {one["name"] for run in runs.values() for one in run["widgets"]}
    total = {kind: sum(run["counted"][kind] for run in runs.values()) for kind in ("exercise", "myth")}
    facts = [
        f"{several(len(runs), 'chapter')} of {spread(each)} minutes, {sum(each) / 60:.2g} hours in all",
        f"{several(len(moving), 'figure')} that move",
        f"{several(total['exercise'], 'exercise')} that check themselves",
    ]
    words = nodes.Text(f"{READERS}. {' · '.join(facts)} · ")
    told: nodes.Node = nodes.Text(f"{several(total['myth'], 'myth')} put to the test")
    if MYTHS in app.env.found_docs:
        told = make_refnode(app.builder, docname, MYTHS, "", nodes.inline("", told.astext()))
    return nodes.paragraph("", "", words, told, nodes.Text("."), classes=["inside"])


def spread(numbers: list[int]) -> str:
    least, most = min(numbers), max(numbers)
    return str(least) if least == most else f"{least} to {most}"


def card(row: list[nodes.entry], run: dict) -> nodes.list_item:
    """A chapter: a picture of its first widget or figure, its title, its question, what the widget shows, minutes."""
    number, link, question = (entry[0].deepcopy() for entry in row)
    next(link.findall(nodes.reference)).insert(0, nodes.Text(f"{number.astext()}. "))
    link["classes"], question["classes"] = ["card-title"], ["card-question"]
    parts = [link, question]
    first = run["widgets"][0] if run["widgets"] else {"still": run["figure"], "sentence": ""}
    if first["still"]:
        parts.insert(0, nodes.raw("", f'<div class="card-picture">{first["still"]}</div>', format="html"))
    if first["sentence"]:
        parts.append(nodes.paragraph("", first["sentence"], classes=["card-widget"]))
    minutes = nodes.paragraph("", "", nodes.inline("", f"{run['minutes']} min", classes=["minutes"]))
    return nodes.list_item("", *parts, minutes)


def setup(app: Sphinx) -> None:
    # Its numbers are those of other pages.
    app.connect("env-updated", lambda app, env: [START] if START in env.found_docs else [])
    app.connect("doctree-resolved", build, priority=700)
