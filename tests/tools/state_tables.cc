// Prints analyzer/docs/states.md.
#include "analyzer/infer/state_tables.h"

#include <iostream>

int main() { std::cout << tcpautopsy::state_tables_markdown(); }
