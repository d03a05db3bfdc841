"""The Data tab: all pictures of a data set, what is wrong with them, and corrections that never touch the data.

Others may use

- `data_tab`: the tab
- `recents`: the data sets that were opened last
- `folder_comparison`: how a folder's pictures differ from others, shown
"""
