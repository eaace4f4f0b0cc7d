import base64
import hashlib
import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.report.sample import HOSTILE, sample_claims, sample_content
from vqax.errors import BadData
from vqax.report.cards import readable
from vqax.report.content import FRAMES, Comparison, Drawing, FigureSection, ReportContent
from vqax.report.gallery import GalleryItem
from vqax.report.html import render, write_report
from vqax.report.overlay import data_uri, overlay, thumbnail

LIMIT_BYTES = 8_000_000
SECTIONS = ["answer", "tables", "significance", "uncertainty", "training", "gallery", "provenance"]


class Page(HTMLParser):
    """Start tags with their attributes, and the visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def parsed(page: str) -> Page:
    return Page(page)


def body_of(page: str, section: str) -> str:
    return page.split(f'<section id="{section}">')[1].split("</section>")[0]


def plain(markup: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup)))


def test_text_from_data_is_escaped_and_shown_as_it_is(page, parsed):
    assert HOSTILE not in page
    assert HOSTILE in parsed.text
    assert len(parsed.all("script")) == 1
    assert not any("onerror" in attributes for _, attributes in parsed.tags)
    assert "<b>no</b>" in "".join(parsed.text)
    assert "<b>ε·σ</b>" in "".join(parsed.text)


def test_a_hostile_word_is_escaped_wherever_text_is_accepted():
    evil = "<i id=evil>"
    content = sample_content(questions=1)
    item = content.gallery[0]
    answer = replace(item.answers[0], answer=evil, top5=((evil, 0.5),), method=evil, run=evil)
    item = replace(
        item, question=evil, answer_type=evil, reason=evil, human_answers=(evil,), answers=(answer,)
    )
    runs = tuple(replace(r, label=evil, description=evil, dataset=evil) for r in content.runs)
    hostile = replace(
        content,
        **dict.fromkeys(["title", "research_question", "dataset", "dataset_description",
        "gallery_rule"], evil), caveats=(evil,),
        runs=runs,
        gallery=(item,),
        headline=content.headline.assign(row=evil, dataset=evil, reported_dataset=evil, note=evil),
        metrics=content.metrics.replace({"metric": {"ece": evil}}),
        ranks=content.ranks.assign(block=evil),
        pairs=content.pairs.replace({"metric": {"margin": evil}}),
        provenance=replace(
            content.provenance,
            date=evil, command=evil, versions={evil: evil}, parameters={evil: evil},
        ),
        figures=(FigureSection(evil, evil, evil, (Drawing(evil, "<svg/>", evil),), evil),),
        claims=sample_claims().assign(
            claim=evil, claim_id=evil, tested_by=evil, deciding=evil, reason=evil,
            reported_evidence=evil, reported_status=evil,
        ),
    )  # fmt: skip
    text = render(hostile)
    assert "<i id" not in text
    assert text.count("&lt;i id=evil&gt;") > 50


def test_nothing_is_fetched(page, parsed):
    sources = [attributes["src"] for attributes in parsed.all("img")]
    assert sources
    assert all(source.startswith("data:image/webp;base64,") for source in sources)
    assert [link["href"] for link in parsed.all("link")] == ["data:,"]
    assert not any("src" in attributes for attributes in parsed.all("script"))
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page
    anchors = [attributes.get("href") or "#" for attributes in parsed.all("a")]
    assert all(anchor.startswith(("#", "browse/scenes_v1.html#")) for anchor in anchors)


def test_the_policy_allows_exactly_the_pages_own_script(page, parsed):
    policy = next(m["content"] for m in parsed.all("meta") if "http-equiv" in m)
    script = page.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}';" in policy


def test_ids_are_unique_and_every_link_inside_the_page_has_a_target(parsed):
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    inside = {a["href"][1:] for a in parsed.all("a") if a["href"].startswith("#")}
    assert "provenance" in inside <= set(ids)


def test_sections_come_in_the_order_of_a_reader(parsed):
    assert [attributes["id"] for attributes in parsed.all("section")] == SECTIONS


def test_the_first_screen_answers_each_question_and_says_how_sure(page):
    text = plain(body_of(page, "answer"))
    first = text.index("Does it answer better?")
    assert first < text.index("Does it look where people look?") < text.index("How sure:")
    assert re.search(r"VQA accuracy \+\d\.\d points for P-GCA against MCB", text[first:])
    assert "1 training a side: not enough to tell methods apart" in text
    assert "To know more: at least 3 trainings a side" in text
    assert "Every run was trained once." in text


def test_every_difference_stands_beside_the_papers(page):
    table = body_of(page, "answer").split('data-name="differences"')[1]
    row = next(r for r in re.findall(r"<tr>.*?</tr>", table, re.S) if "+2.7" in r)
    assert re.search(r"P-GCA MCB VQA accuracy ↑ \+\d\.\d points", plain(row))
    assert "+2.7 VQA v1 test-dev" in plain(row)


def test_measured_and_published_numbers_stand_in_different_columns(page):
    tables = body_of(page, "tables")
    row = next(row for row in re.findall(r"<tr.*?</tr>", tables, re.S) if ">P-GCA (ucam)<" in row)
    measured, published = row.split('<td class="gap">')
    assert measured.count('class="ours"') == 4
    assert 'class="reported"' not in measured
    assert re.findall(r'class="reported">([^<]+)<', published) == ["66.5", "84.7", "38.4", "55.9"]
    absent = next(row for row in re.findall(r"<tr.*?</tr>", tables, re.S) if ">VE<" in row)
    assert 'class="absent"' in absent
    assert absent.count('class="none"') == 4


def test_both_data_sets_are_named_over_every_table(page):
    groups = re.findall(r'<th class="group (\w+)".*?</th>', body_of(page, "tables"), re.S)
    assert groups == ["ours", "reported"] * 3
    heads = plain(" ".join(re.findall(r'<th class="group.*?</th>', page, re.S)))
    assert heads.count("Scenes v1, validation") == 3
    assert heads.count("VQA v1 test-dev") == 2
    assert heads.count("VQA-HAT val") == 1


def test_a_table_that_no_paper_prints_has_no_printed_half(content):
    own = content.headline[content.headline["table"] == "ucam/I"]
    own = own.assign(table="ucam/controls", reported=np.nan)
    text = body_of(render(bare(content, headline=own)), "tables")
    assert re.findall(r'<th class="group (\w+)"', text) == ["ours"]
    assert 'class="reported"' not in text
    assert "Row of the paper" not in text


def test_the_data_set_behind_a_bar_in_a_rows_name_is_small(content):
    rows = content.headline.assign(row=content.headline["row"] + " | vqa_cp_v2 test + vqa_v2 val")
    text = body_of(render(bare(content, headline=rows)), "tables")
    assert '<th scope="row">VE<small>VQA-CP v2 test + VQA v2 val</small></th>' in text
    rows = content.headline.assign(row=content.headline["row"] + " | sigma=0.6")
    text = body_of(render(bare(content, headline=rows)), "tables")
    assert '<th scope="row">VE | sigma=0.6</th>' in text


def test_many_rows_without_a_run_are_folded_behind_those_that_have_one(content):
    one = content.headline[content.headline["table"] == "ucam/I"]
    absent = one[one["value"].isna()].iloc[:1]
    few, many = (
        pd.concat([*(absent.assign(row=f"system {i}") for i in range(count)), one])
        for count in (3, 15)
    )
    text = body_of(render(bare(content, headline=few)), "tables")
    assert "more rows of the paper" not in text
    shown, folded = body_of(render(bare(content, headline=many)), "tables").split("<details>", 1)
    assert 'class="absent"' not in shown
    assert "system 14" in folded
    assert 'class="ours"' not in folded


def test_a_kind_of_uncertainty_that_no_run_estimates_has_no_column(content):
    metrics = content.metrics
    metrics = metrics.assign(value=metrics["value"].where(metrics["metric"] != "aleatoric"))
    text = body_of(render(bare(content, metrics=metrics)), "uncertainty").split("All metrics")[0]
    heads = plain(" ".join(re.findall(r'<th scope="col".*?</th>', text)))
    assert "epistemic" in heads
    assert "aleatoric" not in heads


def test_the_diagram_is_explained(page):
    text = plain(body_of(page, "significance"))
    assert "by VQA accuracy; rank 1 is best. A block is one question type" in text
    assert "each of the 14 blocks" in text
    assert "Friedman χ² = 31.20, p < .001" in text
    assert 'class="figure"' in body_of(page, "significance")


def test_the_first_rank_of_an_uncertainty_is_not_called_the_best(content):
    ranks = content.ranks.assign(measure="entropy")
    bare = replace(content, ranks=ranks, cd_diagrams={}, gallery=(), history=content.history[:0])
    assert "by entropy; rank 1 is the lowest." in plain(body_of(render(bare), "significance"))


def test_every_card_has_picture_people_and_a_map_of_every_run(content, parsed):
    images = [a["alt"] for a in parsed.all("img")]
    n = len(content.gallery)
    assert sum(alt.startswith("Image of the question") for alt in images) == n
    assert sum(alt.startswith("Where people looked") for alt in images) == n
    assert sum(alt == "Grad-CAM of LSTM Q+I" for alt in images) == n
    assert sum(alt.startswith("Attention of ") for alt in images) == 5 * n


def card(content: ReportContent, **changes) -> str:
    """The first card when its first run answered so."""
    item = content.gallery[0]
    answer = replace(item.answers[0], **changes)
    return gallery_of(content, replace(item, answers=(answer,)))


def gallery_of(content: ReportContent, item: GalleryItem) -> str:
    """The gallery with this card alone, on a page without the slow figures."""
    small = replace(content, gallery=(item,), history=content.history[:0], cd_diagrams={})
    return body_of(render(small), "gallery")


@pytest.mark.parametrize(
    ("accuracy", "mark"), [(1.0, "✓ right"), (0.9, "◐ 90 %"), (0.3, "◐ 30 %"), (0.0, "✗ wrong")]
)
def test_answers_are_marked_by_their_official_accuracy(content, accuracy, mark):
    assert mark in plain(card(content, accuracy=accuracy))


def test_a_card_tells_probabilities_and_uncertainties(content):
    text = card(content, top5=(("cat", 0.625), ("dog", 0.25)), aleatoric=np.nan, predictive=1.234)
    assert 'style="width: 62.5%"' in text
    assert re.search(r"cat 62 % .*dog 25 %", plain(text))
    assert re.search(r"aleatoric – .*predictive 1\.23", plain(text))


@pytest.mark.parametrize(
    ("raw_map", "label"),
    [
        (None, "no map"),
        (np.zeros((2, 3), dtype=np.float32), "Grad-CAM: nothing stands out"),
        (np.eye(2, 3, dtype=np.float32), "Grad-CAM"),
    ],
)
def test_what_a_map_is_stands_under_it(content, raw_map, label):
    text = card(content, raw_map=raw_map, method="grad_cam")
    panel = text.split('<div class="panel">')[1]
    assert f"<figcaption>{label}</figcaption>" in panel
    assert ("<img" in panel) == (raw_map is not None)


def test_without_ten_answers_the_truth_is_shown(content):
    item = replace(content.gallery[0], human_answers=(), human_map=None, truth="a zebra")
    text = plain(gallery_of(content, item))
    assert "right answer a zebra" in text


def test_a_report_without_runs_has_no_section_about_runs(content):
    empty = {name: pd.DataFrame(columns=columns) for name, columns in FRAMES.items()}
    bare = replace(
        content, **empty, gallery=(), cd_diagrams={}, runs=(), comparisons=(Comparison("a", "b"),)
    )
    text = render(bare)
    assert "Not measured: no two runs" in plain(body_of(text, "answer"))
    assert "No table was given" in plain(body_of(text, "tables"))
    for section in ("significance", "uncertainty", "training", "gallery"):
        assert f'id="{section}"' not in text


def test_a_report_with_nothing_measured_says_so_in_every_section(content):
    empty = {name: pd.DataFrame(columns=columns) for name, columns in FRAMES.items()}
    text = render(
        replace(
            content,
            **empty,
            gallery=(),
            cd_diagrams={},
            comparisons=(Comparison("a", "b"),),
        )
    )
    assert 'id="gallery"' not in text
    said = [plain(body_of(text, section)) for section in SECTIONS if section != "gallery"]
    for part, sentence in zip(
        said,
        ["Not measured: no two runs", "No table was given", "nothing to test",
         "No uncertainty was measured", "No training history", "To make this report again"],
        strict=True,
    ):  # fmt: skip
        assert sentence in part


def test_ranks_without_a_figure_are_a_list(content):
    bare = replace(content, cd_diagrams={}, gallery=(), history=content.history[:0])
    text = plain(body_of(render(bare), "significance"))
    assert re.search(r"P-GCA: mean rank \d\.\d\d", text)


def test_the_same_content_gives_the_same_bytes(content, page):
    assert render(content) == page


def test_24_photographs_by_six_runs_stay_under_the_limit(tmp_path):
    write_report(tmp_path / "r.html", sample_content(questions=24, size_px=(640, 480)))
    assert 500_000 < (tmp_path / "r.html").stat().st_size < LIMIT_BYTES


def test_a_real_photograph_costs_little_enough(shared):
    paths = sorted(shared.glob("data/vqa_v2_official_heads/images/**/*.jpg"))[:12]
    if not paths:
        pytest.skip("no photographs among the reference data")
    bump = np.outer(np.hanning(14), np.hanning(14)).astype(np.float32)
    sizes = []
    for path in paths:
        with Image.open(path) as photograph:
            small = thumbnail(photograph)
        sizes.append(7 * len(data_uri(overlay(small, bump))) + len(data_uri(small)))
    assert 24 * np.mean(sizes) < LIMIT_BYTES - 1_000_000


def test_a_frame_without_its_columns_is_named(content):
    with pytest.raises(BadData, match="report content: pairs: lacks the columns effect_size"):
        replace(content, pairs=content.pairs.drop(columns="effect_size"))


SECTION = FigureSection(
    "noise",
    "Figure 4",
    "Does the answer survive noise?",
    (
        Drawing(
            "noise_top5", '<svg viewBox="0 0 576 90"><g id="a" fill="#0072b2"/></svg>', "One <b>."
        ),
        Drawing("noise_flips", '<svg viewBox="0 0 288 90"><g id="a"/></svg>', "All questions."),
    ),
)


def bare(content: ReportContent, **changes) -> ReportContent:
    """The content without what is slow to lay out."""
    return replace(content, gallery=(), history=content.history[:0], cd_diagrams={}, **changes)


def test_without_claims_and_figures_there_is_neither_section_nor_link(page):
    assert 'id="claims"' not in page
    assert 'id="figures"' not in page
    assert "#claims" not in page
    assert "#figures" not in page


def test_a_figures_drawings_stand_under_its_question_each_with_its_caption(content):
    text = body_of(render(bare(content, figures=(SECTION,))), "figures")
    said = plain(text)
    assert "Does the answer survive noise? paper: Figure 4" in said
    assert "One &lt;b&gt;." in text
    assert said.index("One <b>.") < said.index("All questions.")
    assert re.findall(r'id="(figure\d-\d-a)"', text) == ["figure0-0-a", "figure0-1-a"]
    assert 'fill="var(--figure-0)"' in text
    assert 'aria-label="All questions."' in text


def test_texts_of_all_drawings_come_out_in_one_size(content):
    text = body_of(render(bare(content, figures=(SECTION,))), "figures")
    wide, narrow = map(int, re.findall(r'style="max-width: (\d+)rem', text))
    assert wide == pytest.approx(2 * narrow, abs=1)


def test_a_figure_without_drawings_says_why(content):
    empty = replace(SECTION, drawings=(), note="No noise was added.")
    assert "No noise was added." in plain(
        body_of(render(bare(content, figures=(empty,))), "figures")
    )


def test_claims_are_counted_and_grouped_by_verdict(content):
    text = body_of(render(bare(content, claims=sample_claims())), "claims")
    said = plain(text)
    assert "2 supported 2 contradicted 1 inconclusive 1 not testable here" in said
    heads = ["Supported (2)", "Contradicted (2)", "Inconclusive (1)", "Not testable here (1)"]
    places = [said.index(head) for head in heads]
    assert places == sorted(places)
    first, second = said[places[0] : places[1]], said[places[1] : places[2]]
    assert "U02" in first
    assert "U20" in first
    assert "U06" in second
    assert "0 of 7 comparisons as claimed; least supported" in second
    assert "No saliency model is trained here." in said[places[3] :]
    assert "&lt;i id=evil&gt;" in text


def test_a_claims_interval_is_drawn_on_the_side_it_lies(content):
    text = body_of(render(bare(content, claims=sample_claims())), "claims")
    rows = {row[0]: row[1] for row in re.findall(r"<small>(U\d+)</small>(.*?)</tr>", text, re.S)}
    left, right = (
        [float(x) for x in re.findall(r'class="range" x1="([\d.-]+)" x2="([\d.-]+)"', rows[key])[0]]
        for key in ("U06", "U02")
    )
    assert max(left) < 50 < min(right)
    assert 'class="interval worse"' in rows["U06"]
    assert 'class="interval better"' in rows["U02"]
    assert "<svg" not in rows["U11"]


def test_only_verdicts_that_were_given_have_a_group(content):
    claims = sample_claims()
    text = render(bare(content, claims=claims[claims["verdict"] == "supported"]))
    assert re.findall(r'href="#(claims-[\w-]+)"', text) == ["claims-supported"]


def test_ranks_of_several_sets_each_have_their_diagram(content):
    ranks = pd.concat([content.ranks, content.ranks.assign(set="on_mcb")])
    svg = '<svg viewBox="0 0 9 9"><title>{}</title></svg>'
    shown = {f"{name}/accuracy_official": svg.format(name) for name in ("all", "on_mcb")}
    text = body_of(render(replace(bare(content, ranks=ranks), cd_diagrams=shown)), "significance")
    assert re.findall(r"<h3>([^<]+)</h3>.*?<title>(\w+)<", text, re.S) == [
        ("VQA accuracy (all)", "all"),
        ("VQA accuracy (on mcb)", "on_mcb"),
    ]


def test_a_card_tells_entropy_and_small_variances(content):
    text = plain(card(content, entropy=1.25, aleatoric=0.00037, epistemic=0.0))
    assert "entropy 1.25 aleatoric 0.00037 epistemic 0.00" in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [(np.nan, "–"), (3.14159, "3.14"), (0.0123, "0.01"), (-0.0047, "−0.0047"), (1e-7, "< .00001")],
)
def test_small_numbers_are_not_shown_as_zero(value, shown):
    assert readable(value) == shown


def test_a_failed_report_leaves_the_old_one(content, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(BadData, match="not well-formed SVG"):
        write_report(path, replace(content, cd_diagrams={"accuracy_official": "<svg>"}))
    assert [(p.name, p.read_text(encoding="utf-8")) for p in tmp_path.iterdir()] == [
        ("report.html", "old")
    ]
