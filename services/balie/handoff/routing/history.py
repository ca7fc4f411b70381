"""What went before a turn, as far as a decision may depend on it: counts, ages and names, never a text."""

from dataclasses import dataclass

MOST_REPLIES = 100
"""How many of the bot's replies are remembered with their age: the newest."""


@dataclass(frozen=True, slots=True)
class History:
    """What went before in a conversation, since the bot last came to own it.

    Attributes:
        clarified_in_a_row: CLARIFY decisions just before, without another in between.
        bot_replies: replies of the bot.
        same_message_in_a_row: messages of the contact just before with the very same words.
        failed_in_a_row: turns just before on which the bot had no answer: it clarified, or a person was asked.
        answered_entries: FAQ entries that the turns just before were answered with, newest first, up to a turn that was
            not answered with one.
        reply_ages: how long ago the bot spoke, seconds, newest first, at most 100.
        released_ago: how long ago a person gave the conversation back, seconds; None when nobody did.
    """

    clarified_in_a_row: int = 0
    bot_replies: int = 0
    same_message_in_a_row: int = 0
    failed_in_a_row: int = 0
    answered_entries: tuple[str, ...] = ()
    reply_ages: tuple[int, ...] = ()
    released_ago: int | None = None

    def replies_within(self, seconds: float) -> int:
        """Returns how often the bot spoke in the last so many seconds, at most 100."""
        return sum(age < seconds for age in self.reply_ages)

    def same_answers(self, entry_id: str) -> int:
        """Returns how often in a row, until now, the same entry was the answer."""
        count = 0
        for answered in self.answered_entries:
            if answered != entry_id:
                break
            count += 1
        return count
