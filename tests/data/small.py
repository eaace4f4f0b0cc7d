"""Records made by hand, a question each."""

from vqax.data.records import Example


def example(question_id: int, question_type: str, answer: str, **changes: object) -> Example:
    """A yes/no-like question that all ten people answered alike."""
    fields = {
        "question_id": question_id,
        "image_id": question_id // 10,
        "question": f"{question_type} it?",
        "question_type": question_type,
        "answer_type": "other",
        "multiple_choice_answer": answer,
        "answers": (answer,) * 10,
    }
    return Example(**(fields | changes))


def examples(**counts: dict[str, int]) -> list[Example]:
    """``is={"yes": 3}`` gives three questions of the type ``is`` with the answer yes."""
    listed = [
        (name.replace("_", " "), answer)
        for name, answers in counts.items()
        for answer, number in answers.items()
        for _ in range(number)
    ]
    return [example(10 * k, name, answer) for k, (name, answer) in enumerate(listed, start=1)]
