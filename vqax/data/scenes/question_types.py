"""The 65 question types of VQA, and which of them a question has.

Source: GT-Vision-Lab/VQA, QuestionTypes/mscoco_question_types.txt.
"""

QUESTION_TYPES = (
    "how many", "is the", "what", "what color is the", "what is the", "is this", "is this a",
    "what is", "are the", "what kind of", "is there a", "what type of", "is it", "what are the",
    "where is the", "is there", "does the", "what color are the", "are these", "are there",
    "which", "is", "what is the man", "is the man", "are", "how", "does this", "what is on the",
    "what does the", "how many people are", "what is in the", "what is this", "do", "what are",
    "are they", "what time", "what sport is", "are there any", "is he", "what color is", "why",
    "where are the", "what color", "who is", "what animal is", "is the woman", "is this an",
    "do you", "how many people are in", "what room is", "has", "is this person",
    "what is the woman", "can you", "why is the", "is the person", "what is the color of the",
    "what is the person", "could", "was", "is that a", "what number is", "what is the name",
    "what brand", "none of the above",
)  # fmt: skip
OTHERWISE = "none of the above"


def question_type(question: str) -> str:
    """The longest official type whose words begin the question, else ``none of the above``."""
    words = f"{question.lower().rstrip('?')} "
    fitting = [name for name in QUESTION_TYPES if words.startswith(f"{name} ")]
    return max(fitting, key=len, default=OTHERWISE)
