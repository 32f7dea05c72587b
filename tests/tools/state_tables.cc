// Prints analyzer/docs/states.md.
#include <iostream>

#include "analyzer/infer/state_tables.h"

int main() { std::cout << tcpautopsy::state_tables_markdown(); }
