from selenium.webdriver import Chrome

PAGE = "data:text/html,<title>Shelf</title><p id=p>0</p><script>p.textContent = 40 %2B 2</script>"


def test_the_browser_shows_a_page_and_runs_its_script(browser: Chrome) -> None:
    browser.get(PAGE)
    assert browser.title == "Shelf"
    assert browser.find_element("id", "p").text == "42"
