"""The one error of the launcher: a sentence a person can act on."""


class LaunchError(Exception):
    """Something that stops the launcher; its text names the cause and the remedy.

    `exit_code` is what the command line returns: 1 for trouble on this machine, 2 for a
    setting that is wrong.
    """

    def __init__(self, sentence: str, *, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
