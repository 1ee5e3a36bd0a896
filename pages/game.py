"""Class game: groups train under rules that the host sets, and a board shows live who kept them best."""

from pages.components.game.game_view import draw_game
from pages.components.shell.header import open_page

open_page("Class game")
draw_game()
