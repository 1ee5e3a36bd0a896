"""The 60-second demo: two networks learn to read side by side, and then read what is drawn."""

from pages.components.demo.demo_view import draw_demo
from pages.components.shell.header import open_page

open_page("Demo")
draw_demo()
