// The type of an input or output is chosen from the list, in Chinese; the tool itself shows and takes its
// English name.
import TypeMenu from "dmn-js-decision-table/lib/features/type-ref/components/TypeRefCellContextMenu";

const LOW = 750; // below the other controls of the same menu, as in the tool

class ChosenType extends TypeMenu {
  render() {
    const menu = super.render();
    const [, select] = menu.children.children;
    select.props.noInput = true;
    return menu;
  }
}

class Types {
  constructor(components) {
    components.onGetComponent(
      "context-menu",
      LOW,
      ({ contextMenuType } = {}) => (
        ["input-edit", "output-edit"].includes(contextMenuType) ? ChosenType : undefined
      ),
    );
  }
}
Types.$inject = ["components"];

export const chosenTypes = { typeRefEditingProvider: ["type", Types] };
